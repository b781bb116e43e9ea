//! The epoll driver, for systems that deny io_uring: calls are made when
//! descriptors are ready, completions are told as the other driver tells them.
#![expect(unsafe_code, reason = "socket and epoll system calls")]

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::rc::Rc;

use crate::arena::{Arena, Key};
use crate::buffers::{Pool, RECEIVE_BYTES};
use crate::event::{Errno, Event, Token};
use crate::net::{Address, RawAddress, end_writing, set_nonblocking};

pub(crate) struct Epoll {
    epoll: OwnedFd,
    pool: Rc<Pool>,
    sockets: Arena<Socket>,
    /// Sockets that may be able to do something now.
    work: VecDeque<Key>,
    ready: Vec<libc::epoll_event>,
}

impl std::fmt::Debug for Epoll {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Epoll({} sockets)", self.sockets.len())
    }
}

#[derive(Debug)]
struct Socket {
    fd: OwnedFd,
    token: Token,
    role: Role,
    /// Whether the last call has not said that it would have to wait.
    readable: bool,
    writable: bool,
    wanted: bool,
    ended: bool,
    queued: bool,
    sending: Option<(Vec<u8>, usize)>,
    sent: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Data,
    Listener,
    Connecting,
    Watch,
}

/// Connections taken from a listener before others have their turn.
const ACCEPTS_PER_TURN: u32 = 64;

/// Ready descriptors told per call.
const READY_MAX: usize = 256;

impl Epoll {
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            // SAFETY: the descriptor is new and nobody else has it.
            epoll: unsafe { OwnedFd::from_raw_fd(fd) },
            pool: Pool::new()?,
            sockets: Arena::default(),
            work: VecDeque::new(),
            ready: Vec::with_capacity(READY_MAX),
        })
    }

    pub fn adopt(&mut self, fd: OwnedFd, token: Token) -> Key {
        self.insert(fd, token, Role::Data)
    }

    pub fn listen(&mut self, fd: OwnedFd, token: Token) -> Key {
        self.insert(fd, token, Role::Listener)
    }

    pub fn accept_again(&mut self, key: Key) {
        if let Some(socket) = self.sockets.get_mut(key) {
            socket.readable = true;
            self.enqueue(key);
        }
    }

    pub fn watch(&mut self, fd: OwnedFd, token: Token) -> Key {
        self.insert(fd, token, Role::Watch)
    }

    pub fn connect(&mut self, fd: OwnedFd, to: &Address, token: Token) -> io::Result<Key> {
        let address = RawAddress::new(to)?;
        set_nonblocking(fd.as_raw_fd());
        // SAFETY: the address is valid for its length.
        let result = unsafe { libc::connect(fd.as_raw_fd(), address.as_ptr(), address.len()) };
        let failed = (result < 0).then(Errno::last);
        let key = self.insert(fd, token, Role::Connecting);
        if let Some(socket) = self.sockets.get_mut(key) {
            match failed.map(|error| error.0) {
                Some(libc::EINPROGRESS) => {}
                // Told in the next turn: by the socket's error, or as success.
                _ => socket.writable = true,
            }
            // A unix socket whose queue is full does not tell when there is room.
            if failed == Some(Errno(libc::EAGAIN)) {
                socket.ended = true;
            }
        }
        self.enqueue(key);
        Ok(key)
    }

    pub fn receive(&mut self, key: Key) {
        if let Some(socket) = self.sockets.get_mut(key) {
            socket.wanted = true;
            if socket.readable {
                self.enqueue(key);
            }
        }
    }

    pub fn pause(&mut self, key: Key) {
        if let Some(socket) = self.sockets.get_mut(key) {
            socket.wanted = false;
        }
    }

    pub fn send(&mut self, key: Key, buffer: Vec<u8>) {
        if let Some(socket) = self.sockets.get_mut(key) {
            assert!(
                socket.sending.is_none(),
                "a socket sends one buffer at a time"
            );
            socket.sending = Some((buffer, 0));
            self.enqueue(key);
        }
    }

    pub fn sent_bytes(&self, key: Key) -> u64 {
        self.sockets.get(key).map_or(0, |socket| socket.sent)
    }

    pub fn shutdown(&mut self, key: Key) {
        if let Some(socket) = self.sockets.get(key) {
            end_writing(&socket.fd);
        }
    }

    pub fn close(&mut self, key: Key) {
        if let Some(socket) = self.sockets.remove(key) {
            let epoll = self.epoll.as_raw_fd();
            let (fd, none) = (socket.fd.as_raw_fd(), std::ptr::null_mut());
            // Dropping the descriptor is not enough: a duplicate of it keeps
            // the registration.
            // SAFETY: both descriptors are ours.
            unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_DEL, fd, none) };
        }
    }

    pub fn turn(&mut self, wait_ms: Option<u64>, events: &mut Vec<Event>) -> io::Result<()> {
        self.work_off(events);
        let wait = events.is_empty() && self.work.is_empty();
        // A millisecond more than asked for: the call rounds down.
        let timeout = match wait_ms {
            _ if !wait => 0,
            None => -1,
            Some(millis) => i32::try_from(millis).unwrap_or(i32::MAX),
        };
        self.poll(timeout)?;
        for number in 0..self.ready.len() {
            let (bits, data) = (self.ready[number].events, self.ready[number].u64);
            let key = Key::from_bits(data);
            if let Some(socket) = self.sockets.get_mut(key) {
                let broken = bits & (libc::EPOLLERR | libc::EPOLLHUP) as u32 != 0;
                let read_bits = (libc::EPOLLIN | libc::EPOLLRDHUP) as u32;
                socket.readable |= broken || bits & read_bits != 0;
                socket.writable |= broken || bits & libc::EPOLLOUT as u32 != 0;
                self.enqueue(key);
            }
        }
        self.work_off(events);
        Ok(())
    }

    fn poll(&mut self, timeout: i32) -> io::Result<()> {
        self.ready.clear();
        let room = self.ready.spare_capacity_mut();
        let epoll = self.epoll.as_raw_fd();
        // SAFETY: the kernel writes at most as many records as there is room.
        let count = unsafe {
            let (records, len) = (room.as_mut_ptr(), room.len() as i32);
            libc::epoll_wait(epoll, records.cast(), len, timeout)
        };
        if count < 0 {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::Interrupted {
                return Ok(());
            }
            return Err(error);
        }
        // SAFETY: the kernel has written so many records.
        unsafe { self.ready.set_len(count as usize) };
        Ok(())
    }

    fn insert(&mut self, fd: OwnedFd, token: Token, role: Role) -> Key {
        let raw = fd.as_raw_fd();
        set_nonblocking(raw);
        let key = self.sockets.insert(Socket {
            fd,
            token,
            role,
            readable: false,
            writable: role == Role::Data,
            wanted: false,
            ended: false,
            queued: false,
            sending: None,
            sent: 0,
        });
        let edges = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
        let mut event = libc::epoll_event {
            events: edges as u32,
            u64: key.to_bits(),
        };
        let epoll = self.epoll.as_raw_fd();
        // SAFETY: the record is ours.
        let result = unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, raw, &raw mut event) };
        if result < 0
            && let Some(socket) = self.sockets.get_mut(key)
        {
            // It cannot be waited for; the first call on it tells.
            socket.readable = true;
            self.enqueue(key);
        }
        key
    }

    fn enqueue(&mut self, key: Key) {
        if let Some(socket) = self.sockets.get_mut(key)
            && !socket.queued
        {
            socket.queued = true;
            self.work.push_back(key);
        }
    }

    /// Lets every queued socket do one piece of work.
    fn work_off(&mut self, events: &mut Vec<Event>) {
        for _ in 0..self.work.len() {
            let Some(key) = self.work.pop_front() else {
                break;
            };
            let Some(socket) = self.sockets.get_mut(key) else {
                continue;
            };
            socket.queued = false;
            let again = match socket.role {
                Role::Data => {
                    let sends = socket.send_some(events);
                    sends | socket.receive_some(&self.pool, events)
                }
                Role::Listener => socket.accept_some(events),
                Role::Connecting => socket.connected(events),
                Role::Watch => socket.ready(events),
            };
            if again {
                self.enqueue(key);
            }
        }
    }
}

impl Socket {
    /// Each of these does one piece of work and says whether there is more.
    fn send_some(&mut self, events: &mut Vec<Event>) -> bool {
        if !self.writable {
            return false;
        }
        let Some((buffer, at)) = &mut self.sending else {
            return false;
        };
        let rest = &buffer[*at..];
        let fd = self.fd.as_raw_fd();
        // SAFETY: the bytes are ours.
        let sent = unsafe { libc::send(fd, rest.as_ptr().cast(), rest.len(), libc::MSG_NOSIGNAL) };
        let result = match sent {
            0.. => {
                *at += sent as usize;
                self.sent += sent as u64;
                if *at < buffer.len() {
                    return true;
                }
                Ok(())
            }
            _ => match Errno::last() {
                Errno(libc::EAGAIN) => {
                    self.writable = false;
                    return false;
                }
                Errno(libc::EINTR) => return true,
                error => Err(error),
            },
        };
        if let Some((buffer, _)) = self.sending.take() {
            let token = self.token;
            events.push(Event::Sent {
                token,
                buffer,
                result,
            });
        }
        false
    }

    fn receive_some(&mut self, pool: &Rc<Pool>, events: &mut Vec<Event>) -> bool {
        if !self.readable || !self.wanted || self.ended {
            return false;
        }
        // Without a buffer it stays queued until leases come back.
        let Some(index) = pool.take(true) else {
            return true;
        };
        let (fd, address) = (self.fd.as_raw_fd(), pool.address(index));
        // SAFETY: the pool gave us the buffer, which is as long as stated.
        let received = unsafe { libc::recv(fd, address.cast(), RECEIVE_BYTES, 0) };
        let token = self.token;
        if received > 0 {
            let data = pool.lease(index, received as usize);
            events.push(Event::Received { token, data });
            return true;
        }
        pool.put_back(index);
        if received == 0 {
            self.ended = true;
            events.push(Event::Ended { token });
            return false;
        }
        match Errno::last() {
            Errno(libc::EAGAIN) => self.readable = false,
            Errno(libc::EINTR) => return true,
            error => {
                self.ended = true;
                events.push(Event::ReceiveFailed { token, error });
            }
        }
        false
    }

    fn accept_some(&mut self, events: &mut Vec<Event>) -> bool {
        let token = self.token;
        for _ in 0..ACCEPTS_PER_TURN {
            let (fd, null) = (self.fd.as_raw_fd(), std::ptr::null_mut());
            let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
            // SAFETY: no address is asked for.
            let accepted = unsafe { libc::accept4(fd, null, std::ptr::null_mut(), flags) };
            if accepted >= 0 {
                // SAFETY: the descriptor is new and nobody else has it.
                let socket = unsafe { OwnedFd::from_raw_fd(accepted) };
                events.push(Event::Accepted { token, socket });
                continue;
            }
            match Errno::last() {
                Errno(libc::EAGAIN) => {
                    self.readable = false;
                    return false;
                }
                Errno(libc::EINTR | libc::ECONNABORTED) => {}
                error => {
                    self.readable = false;
                    events.push(Event::AcceptFailed { token, error });
                    return false;
                }
            }
        }
        true
    }

    fn connected(&mut self, events: &mut Vec<Event>) -> bool {
        if !self.writable {
            return false;
        }
        let mut error = 0_i32;
        let mut len = size_of::<i32>() as libc::socklen_t;
        let fd = self.fd.as_raw_fd();
        // SAFETY: the integer is as long as stated.
        let asked = unsafe {
            let value = (&raw mut error).cast();
            libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_ERROR, value, &raw mut len)
        };
        let result = match (asked, error, self.ended) {
            (0, 0, false) => Ok(()),
            (0, 0, true) => Err(Errno(libc::EAGAIN)),
            (0, error, _) => Err(Errno(error)),
            _ => Err(Errno::last()),
        };
        self.role = Role::Data;
        let token = self.token;
        events.push(Event::Connected { token, result });
        false
    }

    fn ready(&mut self, events: &mut Vec<Event>) -> bool {
        if std::mem::take(&mut self.readable) {
            let token = self.token;
            events.push(Event::Ready { token });
        }
        false
    }
}
