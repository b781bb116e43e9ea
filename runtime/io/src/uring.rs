//! The io_uring driver.
//!
//! One ring per thread, told so (`SINGLE_ISSUER`), with completions worked on
//! only when we enter (`DEFER_TASKRUN`): one system call per turn, no
//! interruptions. Accepts and receives are multishot; receives take their
//! buffers from a ring that grows when it runs dry.
#![expect(unsafe_code, reason = "hands buffers and addresses to the kernel")]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::types::{BufRingEntry, CancelBuilder, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};

use crate::arena::{Arena, Key};
use crate::buffers::{BUFFERS_MAX, BUFFERS_START, Pool, RECEIVE_BYTES, map};
use crate::event::{Errno, Event, Token};
use crate::net::{Address, RawAddress, end_writing};

/// Submissions that are collected before they are handed over early.
const SUBMISSIONS: u32 = 256;
/// Completions that fit the ring; the kernel keeps what does not fit.
const COMPLETIONS: u32 = 2048;

pub(crate) struct Uring {
    ring: IoUring,
    buffers: BufferRing,
    sockets: Arena<Socket>,
    /// Sockets whose receive ended because there was no buffer.
    starved: Vec<Key>,
    completions: Vec<(u64, i32, u32)>,
}

impl std::fmt::Debug for Uring {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Uring({} sockets)", self.sockets.len())
    }
}

#[derive(Debug)]
struct Socket {
    fd: OwnedFd,
    token: Token,
    /// Operations that the kernel has.
    pending: u32,
    /// Whether a receive is armed in the kernel.
    armed: bool,
    /// Whether the owner wants to receive.
    wanted: bool,
    /// Whether nothing more can arrive.
    ended: bool,
    closing: bool,
    sending: Option<Sending>,
    sent: u64,
    /// Where to connect to; the kernel reads it.
    address: Option<Box<RawAddress>>,
}

#[derive(Debug)]
struct Sending {
    buffer: Vec<u8>,
    at: usize,
}

/// What a completion belongs to; the low bits of its number are the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Operation {
    Ignore = 0,
    Accept = 1,
    Receive = 2,
    Send = 3,
    Connect = 4,
    Watch = 5,
}

impl Operation {
    const fn number(self, index: u32) -> u64 {
        (self as u64) << 32 | index as u64
    }

    const fn of(number: u64) -> Self {
        match number >> 32 {
            1 => Self::Accept,
            2 => Self::Receive,
            3 => Self::Send,
            4 => Self::Connect,
            5 => Self::Watch,
            _ => Self::Ignore,
        }
    }
}

impl Uring {
    pub fn new() -> io::Result<Self> {
        let mut ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_coop_taskrun()
            .setup_submit_all()
            .setup_clamp()
            .setup_cqsize(COMPLETIONS)
            .build(SUBMISSIONS)?;
        if !ring.params().is_feature_ext_arg() {
            return Err(io::Error::from_raw_os_error(libc::ENOSYS));
        }
        // Saves a look-up per call; a kernel without it works as well.
        let _optional = ring.submitter().register_ring_fd();
        let buffers = BufferRing::new(&mut ring)?;
        Ok(Self {
            ring,
            buffers,
            sockets: Arena::default(),
            starved: Vec::new(),
            completions: Vec::new(),
        })
    }

    pub fn adopt(&mut self, fd: OwnedFd, token: Token) -> Key {
        self.sockets.insert(Socket {
            fd,
            token,
            pending: 0,
            armed: false,
            wanted: false,
            ended: false,
            closing: false,
            sending: None,
            sent: 0,
            address: None,
        })
    }

    pub fn listen(&mut self, fd: OwnedFd, token: Token) -> Key {
        let key = self.adopt(fd, token);
        self.arm_accept(key.index);
        key
    }

    pub fn accept_again(&mut self, key: Key) {
        if self.sockets.get(key).is_some_and(|s| s.pending == 0) {
            self.arm_accept(key.index);
        }
    }

    pub fn watch(&mut self, fd: OwnedFd, token: Token) -> Key {
        let key = self.adopt(fd, token);
        self.arm_watch(key.index);
        key
    }

    pub fn connect(&mut self, fd: OwnedFd, to: &Address, token: Token) -> io::Result<Key> {
        let address = Box::new(RawAddress::new(to)?);
        let raw = Fd(fd.as_raw_fd());
        let entry = opcode::Connect::new(raw, address.as_ptr(), address.len()).build();
        let key = self.adopt(fd, token);
        if let Some(socket) = self.sockets.get_mut(key) {
            socket.address = Some(address);
            socket.pending += 1;
        }
        self.push(entry.user_data(Operation::Connect.number(key.index)));
        Ok(key)
    }

    pub fn receive(&mut self, key: Key) {
        let Some(socket) = self.sockets.get_mut(key) else {
            return;
        };
        socket.wanted = true;
        self.arm_receive(key.index);
    }

    pub fn pause(&mut self, key: Key) {
        let Some(socket) = self.sockets.get_mut(key) else {
            return;
        };
        let armed = socket.armed && socket.wanted;
        socket.wanted = false;
        if armed {
            self.push_cancel(CancelBuilder::user_data(
                Operation::Receive.number(key.index),
            ));
        }
    }

    pub fn send(&mut self, key: Key, buffer: Vec<u8>) {
        let Some(socket) = self.sockets.get_mut(key) else {
            return;
        };
        assert!(
            socket.sending.is_none(),
            "a socket sends one buffer at a time"
        );
        socket.sending = Some(Sending { buffer, at: 0 });
        self.submit_send(key.index);
    }

    pub fn sent_bytes(&self, key: Key) -> u64 {
        self.sockets.get(key).map_or(0, |socket| socket.sent)
    }

    /// A call of its own: a thread of the kernel's would look the descriptor
    /// up when it comes to it, and by then it may be another connection's.
    pub fn shutdown(&mut self, key: Key) {
        if let Some(socket) = self.sockets.get(key) {
            end_writing(&socket.fd);
        }
    }

    pub fn close(&mut self, key: Key) {
        let Some(socket) = self.sockets.get_mut(key) else {
            return;
        };
        if socket.closing {
            return;
        }
        socket.closing = true;
        socket.wanted = false;
        if socket.pending == 0 {
            self.finish_close(key.index);
            return;
        }
        let fd = Fd(socket.fd.as_raw_fd());
        self.push_cancel(CancelBuilder::fd(fd).all());
    }

    pub fn turn(&mut self, wait_ms: Option<u64>, events: &mut Vec<Event>) -> io::Result<()> {
        self.buffers.refill();
        self.feed_starved();
        self.enter(wait_ms, events.is_empty())?;
        let mut completions = std::mem::take(&mut self.completions);
        completions.extend(
            self.ring
                .completion()
                .map(|entry| (entry.user_data(), entry.result(), entry.flags())),
        );
        for (number, result, flags) in completions.drain(..) {
            self.complete(number, result, flags, events);
        }
        self.completions = completions;
        Ok(())
    }

    fn enter(&mut self, wait_ms: Option<u64>, wait: bool) -> io::Result<()> {
        let millis = if wait { wait_ms } else { Some(0) };
        let result = match millis {
            None => self.ring.submitter().submit_and_wait(1),
            Some(millis) => {
                let time = Timespec::new()
                    .sec(millis / 1000)
                    .nsec((millis % 1000) as u32 * 1_000_000);
                let arguments = SubmitArgs::new().timespec(&time);
                self.ring.submitter().submit_with_args(1, &arguments)
            }
        };
        match result {
            Ok(_) => Ok(()),
            Err(error) => match error.raw_os_error() {
                // Time is up, a signal, or completions must be taken out first.
                Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN) => Ok(()),
                _ => Err(error),
            },
        }
    }

    fn complete(&mut self, number: u64, result: i32, flags: u32, events: &mut Vec<Event>) {
        let index = number as u32;
        let more = cqueue::more(flags);
        let operation = Operation::of(number);
        let buffer = cqueue::buffer_select(flags);
        if operation == Operation::Ignore {
            return;
        }
        let Some(socket) = self.sockets.at(index) else {
            return;
        };
        if !more {
            socket.pending -= 1;
        }
        if socket.closing {
            self.complete_closing(index, operation, result, buffer);
            return;
        }
        let token = socket.token;
        match operation {
            Operation::Accept => {
                events.push(match result {
                    // SAFETY: the descriptor is new and nobody else has it.
                    0.. => Event::Accepted {
                        token,
                        socket: unsafe { OwnedFd::from_raw_fd(result) },
                    },
                    _ => Event::AcceptFailed {
                        token,
                        error: Errno(-result),
                    },
                });
                if !more && result >= 0 {
                    self.arm_accept(index);
                }
            }
            Operation::Receive => self.complete_receive(index, result, more, buffer, events),
            Operation::Send => self.complete_send(index, result, events),
            Operation::Connect => {
                socket.address = None;
                let result = if result < 0 {
                    Err(Errno(-result))
                } else {
                    Ok(())
                };
                events.push(Event::Connected { token, result });
            }
            Operation::Watch => {
                if result >= 0 {
                    events.push(Event::Ready { token });
                }
                if !more {
                    self.arm_watch(index);
                }
            }
            Operation::Ignore => {}
        }
    }

    /// A completion of a socket that its owner has closed: nothing is told.
    fn complete_closing(
        &mut self,
        index: u32,
        operation: Operation,
        result: i32,
        buffer: Option<u16>,
    ) {
        if let Some(buffer) = buffer {
            self.buffers.pool.put_back(buffer);
        }
        if operation == Operation::Accept && result >= 0 {
            // SAFETY: the descriptor is new and nobody else has it.
            drop(unsafe { OwnedFd::from_raw_fd(result) });
        }
        if self.sockets.at(index).is_some_and(|s| s.pending == 0) {
            self.finish_close(index);
        }
    }

    fn complete_receive(
        &mut self,
        index: u32,
        result: i32,
        more: bool,
        buffer: Option<u16>,
        events: &mut Vec<Event>,
    ) {
        let key = self.sockets.key_at(index);
        let (Some(socket), Some(key)) = (self.sockets.at(index), key) else {
            return;
        };
        let token = socket.token;
        socket.armed &= more;
        match (result, buffer) {
            (1.., Some(buffer)) => {
                let data = self.buffers.pool.lease(buffer, result as usize);
                events.push(Event::Received { token, data });
            }
            (0, _) => {
                if let Some(buffer) = buffer {
                    self.buffers.pool.put_back(buffer);
                }
                socket.ended = true;
                events.push(Event::Ended { token });
            }
            _ => match -result {
                libc::ECANCELED => {}
                libc::ENOBUFS => {
                    self.starved.push(key);
                    return;
                }
                error => {
                    socket.ended = true;
                    let error = Errno(error);
                    events.push(Event::ReceiveFailed { token, error });
                }
            },
        }
        if !more {
            self.arm_receive(index);
        }
    }

    fn complete_send(&mut self, index: u32, result: i32, events: &mut Vec<Event>) {
        let Some(socket) = self.sockets.at(index) else {
            return;
        };
        let Some(mut sending) = socket.sending.take() else {
            return;
        };
        let mut outcome = Ok(());
        if result < 0 {
            outcome = Err(Errno(-result));
        } else {
            sending.at += result as usize;
            socket.sent += result as u64;
            if sending.at < sending.buffer.len() {
                socket.sending = Some(sending);
                self.submit_send(index);
                return;
            }
        }
        events.push(Event::Sent {
            token: socket.token,
            buffer: sending.buffer,
            result: outcome,
        });
    }

    fn submit_send(&mut self, index: u32) {
        let Some(socket) = self.sockets.at(index) else {
            return;
        };
        let Some(sending) = &socket.sending else {
            return;
        };
        let rest = &sending.buffer[sending.at..];
        let len = rest.len().min(SEND_BYTES_MAX) as u32;
        let fd = Fd(socket.fd.as_raw_fd());
        let entry = opcode::Send::new(fd, rest.as_ptr(), len)
            .flags(libc::MSG_NOSIGNAL)
            .build()
            .user_data(Operation::Send.number(index));
        socket.pending += 1;
        self.push(entry);
    }

    fn arm_accept(&mut self, index: u32) {
        let Some(socket) = self.sockets.at(index) else {
            return;
        };
        socket.pending += 1;
        let entry = opcode::AcceptMulti::new(Fd(socket.fd.as_raw_fd()))
            .flags(libc::SOCK_CLOEXEC)
            .build();
        self.push(entry.user_data(Operation::Accept.number(index)));
    }

    fn arm_watch(&mut self, index: u32) {
        let Some(socket) = self.sockets.at(index) else {
            return;
        };
        socket.pending += 1;
        let events = libc::POLLIN as u32;
        let entry = opcode::PollAdd::new(Fd(socket.fd.as_raw_fd()), events)
            .multi(true)
            .build();
        self.push(entry.user_data(Operation::Watch.number(index)));
    }

    fn arm_receive(&mut self, index: u32) {
        let Some(socket) = self.sockets.at(index) else {
            return;
        };
        if !socket.wanted || socket.armed || socket.ended {
            return;
        }
        socket.armed = true;
        socket.pending += 1;
        let entry = opcode::RecvMulti::new(Fd(socket.fd.as_raw_fd()), BUFFER_GROUP).build();
        self.push(entry.user_data(Operation::Receive.number(index)));
    }

    /// Goes on receiving where buffers had run out.
    fn feed_starved(&mut self) {
        if self.starved.is_empty() || !self.buffers.has_spare() {
            return;
        }
        for key in std::mem::take(&mut self.starved) {
            if self.sockets.get(key).is_some() {
                self.arm_receive(key.index);
            }
        }
    }

    fn finish_close(&mut self, index: u32) {
        let Some(key) = self.sockets.key_at(index) else {
            return;
        };
        let Some(socket) = self.sockets.remove(key) else {
            return;
        };
        let entry = opcode::Close::new(Fd(socket.fd.into_raw_fd())).build();
        self.push(entry.flags(squeue::Flags::SKIP_SUCCESS));
    }

    fn push_cancel(&mut self, builder: CancelBuilder) {
        let entry = opcode::AsyncCancel2::new(builder).build();
        self.push(entry.flags(squeue::Flags::SKIP_SUCCESS));
    }

    fn push(&mut self, entry: squeue::Entry) {
        // SAFETY: the buffers and addresses that an entry points to lie on the
        // heap and belong to its socket, which stays until the kernel has
        // completed all of the socket's operations (`pending`).
        while unsafe { self.ring.submission().push(&entry) }.is_err() {
            // The queue is full: hand over what there is. If the kernel takes
            // nothing because completions wait, take those out.
            if self.ring.submit().is_err() {
                let waiting: Vec<_> = self
                    .ring
                    .completion()
                    .map(|entry| (entry.user_data(), entry.result(), entry.flags()))
                    .collect();
                self.completions.extend(waiting);
            }
        }
    }
}

impl Drop for Uring {
    /// Breaks off what the kernel still does, because it works on our memory.
    fn drop(&mut self) {
        for key in self.sockets.keys().collect::<Vec<_>>() {
            self.close(key);
        }
        let mut ignored = Vec::new();
        for _ in 0..CLOSE_TURNS_MAX {
            if self.sockets.is_empty() || self.turn(Some(10), &mut ignored).is_err() {
                break;
            }
            ignored.clear();
        }
        let _closed = self.ring.submit();
    }
}

/// Turns to wait for operations that were broken off; each takes one in
/// practice.
const CLOSE_TURNS_MAX: u32 = 100;

/// Longest single send: an `int` is the result.
const SEND_BYTES_MAX: usize = 1 << 30;

/// The one group of buffers.
const BUFFER_GROUP: u16 = 0;

/// The ring by which the kernel is given buffers.
struct BufferRing {
    pool: Rc<Pool>,
    entries: NonNull<BufRingEntry>,
    tail: u16,
    /// Whether buffers were added since receives starved.
    spare: bool,
}

impl BufferRing {
    fn new(ring: &mut IoUring) -> io::Result<Self> {
        let pool = Pool::new()?;
        let entries = map(RING_BYTES)?.cast();
        let address = entries.as_ptr() as u64;
        // SAFETY: the memory is page-aligned, holds as many entries as stated,
        // and is unmapped only when the ring is gone.
        unsafe {
            ring.submitter()
                .register_buf_ring_with_flags(address, BUFFERS_MAX, BUFFER_GROUP, 0)?;
        }
        let mut buffers = Self {
            pool,
            entries,
            tail: 0,
            spare: false,
        };
        for _ in 0..BUFFERS_START {
            if let Some(index) = buffers.pool.take(true) {
                buffers.give(index);
            }
        }
        buffers.publish();
        Ok(buffers)
    }

    /// Gives the kernel back what leases returned.
    fn refill(&mut self) {
        if !self.pool.has_returned() {
            return;
        }
        while let Some(index) = self.pool.take(false) {
            self.give(index);
        }
        self.publish();
        self.spare = true;
    }

    /// Whether there are buffers for receives that starved; adds new ones if
    /// none came back.
    fn has_spare(&mut self) -> bool {
        if !std::mem::take(&mut self.spare) {
            let more = self.pool.grown();
            let mut grew = false;
            for _ in 0..more {
                let Some(index) = self.pool.take(true) else {
                    break;
                };
                self.give(index);
                grew = true;
            }
            self.publish();
            return grew;
        }
        true
    }

    fn give(&mut self, index: u16) {
        let at = usize::from(self.tail % BUFFERS_MAX);
        // SAFETY: the entry lies in the ring, and the kernel reads it only
        // once the tail has passed it. Nobody else has the buffer: the pool
        // just gave it to us.
        let entry = unsafe { &mut *self.entries.as_ptr().add(at) };
        entry.set_addr(self.pool.address(index) as u64);
        entry.set_len(RECEIVE_BYTES as u32);
        entry.set_bid(index);
        self.tail = self.tail.wrapping_add(1);
    }

    fn publish(&mut self) {
        // SAFETY: the tail lies in the first entry, in a place that entries do
        // not use, and is shared with the kernel as an atomic.
        let tail = unsafe { &*BufRingEntry::tail(self.entries.as_ptr()).cast::<AtomicU16>() };
        tail.store(self.tail, Ordering::Release);
    }
}

const RING_BYTES: usize = BUFFERS_MAX as usize * size_of::<BufRingEntry>();

// The ring's memory is not unmapped: the kernel may read it until the ring's
// last reference is gone, which is after the descriptor is closed. A process
// makes as many rings as it has workers.
