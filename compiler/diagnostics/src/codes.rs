//! The table of codes. A code never changes its meaning; a code that is no longer raised stays here.

use std::fmt;

/// A stable code, shown as `ZS` and four digits. The first two digits name the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

impl Code {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ZS{:04}", self.0)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $number:literal;)*) => {
        $($(#[doc = $doc])* pub const $name: Code = Code($number);)*
        /// Every code with its constant's name and what it stands for.
        pub const ALL: &[(Code, &str, &str)] = &[$((Code($number), stringify!($name), concat!($($doc),*))),*];
    };
}

codes! {
    /// A quoted or heredoc token is not closed.
    UNCLOSED_TOKEN = 1;
    /// A heredoc is malformed.
    BAD_HEREDOC = 2;
    /// Braces do not match or stand where they cannot.
    BAD_BRACES = 3;
    /// A snippet or named route is malformed or defined twice.
    BAD_SNIPPET = 4;
    /// An import is malformed, finds nothing, or goes round in a circle.
    BAD_IMPORT = 5;
    /// A source file cannot be read, is not UTF-8, or is too large.
    UNREADABLE_FILE = 6;
    /// A limit on the size of a configuration is exceeded.
    LIMIT_EXCEEDED = 7;
    /// An import argument placeholder names an argument that does not exist.
    IMPORT_ARGUMENT = 8;
    /// An environment variable left a site address empty.
    EMPTY_ENVIRONMENT = 9;
    /// A variable that is left open until start stands where its value decides what is built.
    OPEN_VALUE = 10;
    /// A variable that is to be left open is not asked for by the file.
    OPEN_UNKNOWN = 11;

    /// A word is no directive.
    UNKNOWN_DIRECTIVE = 101;
    /// A directive is known but not supported yet.
    UNSUPPORTED_DIRECTIVE = 102;
    /// A word is no global option.
    UNKNOWN_OPTION = 103;
    /// Something stands outside a site block that belongs into one.
    OUTSIDE_SITE = 104;
    /// A global option is known but not supported yet.
    UNSUPPORTED_OPTION = 105;
    /// A word is no matcher.
    UNKNOWN_MATCHER = 106;
    /// A matcher is known but not supported yet.
    UNSUPPORTED_MATCHER = 107;
    /// A word is no subdirective of the directive that it stands in.
    UNKNOWN_SUBDIRECTIVE = 108;
    /// A subdirective is known but not supported yet.
    UNSUPPORTED_SUBDIRECTIVE = 109;
    /// A directive, subdirective, matcher or option has too few or too many arguments.
    WRONG_ARGUMENTS = 110;
    /// A value is not of the form that its place asks for.
    BAD_VALUE = 111;
    /// A named matcher is not defined, defined twice, or malformed.
    BAD_MATCHER = 112;
    /// A site address is malformed or of an unsupported form.
    BAD_ADDRESS = 113;
    /// Two sites, or two settings, contradict each other.
    CONFLICT = 114;
    /// A directive does not stand where it may.
    MISPLACED_DIRECTIVE = 115;
    /// Something is known but not supported yet.
    UNSUPPORTED = 116;
    /// A setting is given twice.
    DUPLICATE_SETTING = 117;
    /// A word belongs to a module that stock Caddy does not have.
    THIRD_PARTY_MODULE = 118;

    /// A JSON text is malformed.
    JSON_SYNTAX = 120;
    /// An object in JSON has a field that it cannot have.
    UNKNOWN_FIELD = 121;
    /// A module in JSON is none of Caddy's own.
    UNKNOWN_MODULE = 122;

    /// An expression is malformed or names something that does not exist.
    BAD_EXPRESSION = 130;
    /// A value in an expression is not of the type that its place asks for.
    EXPRESSION_TYPE = 131;

    /// A setting is accepted but has no effect in a built server.
    NO_EFFECT = 201;
    /// A setting is accepted and deprecated.
    DEPRECATED = 202;
    /// Something is accepted but behaves differently.
    DIFFERENT = 203;
    /// An import of a pattern finds no file.
    EMPTY_IMPORT = 204;
    /// Something is probably a mistake.
    SUSPICIOUS = 205;
    /// An environment variable that is not set left nothing in a part of a word.
    UNSET_ENVIRONMENT = 206;

    /// A block without a matcher answers what stands behind it.
    SHADOWED = 301;
    /// No request reaches a directive.
    UNREACHABLE = 302;
    /// A field is set that upstreams send too.
    SET_TWICE = 303;
    /// A redirect leads to itself.
    REDIRECT_LOOP = 304;
    /// A path pattern matches more than it seems.
    LOOSE_PATH = 305;
    /// Certificates on demand are for anybody.
    UNRESTRICTED_ON_DEMAND = 306;
    /// A secret is written into the file.
    SECRET = 307;
    /// What looks like a placeholder is none.
    UNKNOWN_PLACEHOLDER = 308;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_and_names_are_unique_and_explained() {
        let numbers: BTreeSet<_> = ALL.iter().map(|(code, _, _)| code).collect();
        assert_eq!(numbers.len(), ALL.len());
        assert!(ALL.iter().all(|(_, _, text)| text.trim().ends_with('.')));
        assert_eq!(UNKNOWN_DIRECTIVE.to_string(), "ZS0101");
    }
}
