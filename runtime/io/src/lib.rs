//! The event loop: io_uring, and epoll behind the same face.
