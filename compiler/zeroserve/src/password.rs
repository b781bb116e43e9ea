//! `hash-password`: what `basic_auth` compares passwords with.

use std::io::{BufRead, IsTerminal};

use argon2::{Argon2, Params, PasswordHasher, Version};

use crate::arguments::{Algorithm, HashPassword};
use crate::commands::print;
use crate::compile::Failure;

/// Hashes a password and prints the hash.
pub fn run(arguments: &HashPassword) -> Result<(), Failure> {
    let password = match &arguments.plaintext {
        Some(password) => password.clone(),
        None => ask().map_err(Failure::System)?,
    };
    if password.is_empty() {
        return Err(Failure::System("the password is empty".to_owned()));
    }
    let hash = match arguments.algorithm {
        Algorithm::Bcrypt => bcrypt_hash(&password, arguments.bcrypt_cost),
        Algorithm::Argon2id => argon2id_hash(&password, arguments),
    };
    print(&(hash.map_err(Failure::System)? + "\n"))
}

/// Asks twice at a terminal, without showing what is typed; otherwise reads a
/// line.
fn ask() -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot read the password: {error}");
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(cannot)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password("Enter password: ").map_err(cannot)?;
    let again = rpassword::prompt_password("Confirm password: ").map_err(cannot)?;
    if password == again {
        Ok(password)
    } else {
        Err("the two passwords are not the same".to_owned())
    }
}

fn bcrypt_hash(password: &str, cost: u32) -> Result<String, String> {
    // More would not count, and somebody would rely on it.
    const BYTES_MAX: usize = 72;
    if password.len() > BYTES_MAX {
        return Err(format!(
            "bcrypt takes at most {BYTES_MAX} bytes; use --algorithm argon2id"
        ));
    }
    let parts = bcrypt::hash_with_result(password, cost).map_err(|error| error.to_string())?;
    // The prefix that Caddy's own command writes; the algorithm is the same.
    Ok(parts.format_for_version(bcrypt::Version::TwoA))
}

fn argon2id_hash(password: &str, arguments: &HashPassword) -> Result<String, String> {
    let length = usize::try_from(arguments.argon2id_keylen).ok();
    let params = Params::new(
        arguments.argon2id_memory,
        arguments.argon2id_time,
        arguments.argon2id_threads,
        length,
    )
    .map_err(|error| error.to_string())?;
    let argon2 = Argon2::new(argon2::Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}
