//! The event loop: io_uring, and epoll behind the same face.
//!
//! The face is completion-shaped. An operation owns its buffer until its
//! completion, also after a cancellation; a receive yields a leased buffer of
//! the loop's pool. One system call per turn submits what was asked for and
//! waits for what has completed.
//!
//! A loop belongs to one thread. What happens is told as [`Event`]s, each with
//! the [`Token`] that its owner chose; after [`Loop::close`] nothing more is
//! told of a socket.
//!
//! Nothing here knows HTTP.

mod arena;
mod buffers;
mod epoll;
mod event;
mod event_loop;
pub mod memcpy;
mod net;
mod sys;
mod timers;
mod uring;

pub use arena::{Arena, Key};
pub use buffers::{Lease, RECEIVE_BYTES};
pub use event::{Errno, Event, Token};
pub use event_loop::{Choice, DriverKind, Loop, probe};
pub use net::{
    Address, NetError, Probes, bind, connected_datagram, local_address, peer_address, probe_peers,
    stream,
};
pub use sys::{
    Clock, Signals, Waker, block_signals, hostname, ignore_broken_pipes, raise_file_limit, random,
};
pub use timers::Millis;
