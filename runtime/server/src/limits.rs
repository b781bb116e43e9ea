//! Every limit that a peer, or what a peer makes site code do, can push on.
//!
//! Limits that the configuration sets (head size, timeouts) are in
//! `zs_abi::tables::Server`; those here hold whatever the configuration says.
//! Limits of single protocol elements are beside their parsers in `zs-proto`
//! (chunk extensions, trailers, the client's first TLS message).

use zs_io::RECEIVE_BYTES;

/// Fields in a request or response head. Go bounds only bytes; a field costs
/// an index entry of 16 bytes, so that this keeps the index below the largest
/// head.
pub const FIELDS_MAX: usize = 4096;

/// Bytes of a request's method; Caddy answers 405 to longer ones.
pub const METHOD_BYTES_MAX: usize = 32;

/// Bytes that wait between a body's source and its reader before the source
/// is held back.
pub const BODY_BUFFER_HIGH: usize = 4 * RECEIVE_BYTES;

/// Bytes at which a source that was held back is let go on.
pub const BODY_BUFFER_LOW: usize = RECEIVE_BYTES;

/// Bytes of responses that wait to be sent before further pipelined requests
/// are left in the input.
pub const OUTPUT_HIGH: usize = 64 * 1024;

/// Bytes of pipelined input beyond the current request that are kept while
/// responses wait to be sent.
pub const INPUT_HIGH: usize = 64 * 1024;

/// Bytes of a request body that nobody read which are read and dropped so that
/// the connection can stay; the same as Go's.
pub const DISCARD_BYTES_MAX: u64 = 256 << 10;

/// Time that a connection which was refused something may still send, so that
/// it sees the answer before a reset; the same as Go's.
pub const LINGER_MS: u32 = 500;

/// Bytes of a subrequest's response body: an authentication answer or an
/// error page, not a download.
pub const SUBREQUEST_BODY_MAX: usize = 1 << 20;

/// Subrequests within subrequests; a site that includes itself ends here.
pub const SUBREQUEST_DEPTH_MAX: u32 = 8;

/// Subrequests that one request may lead to, at all depths together; without
/// it a site that includes itself twice would work for hours.
pub const SUBREQUESTS_MAX: u32 = 64;

/// Entries that site code may run one after another without waiting; a loop of
/// `Goto`s or of errors in error routes ends here.
pub const RUNS_MAX: u32 = 10_000;

/// Repetitions of loops in one run. The compiler's loops walk texts of at most
/// a head's length; this is for what it proved wrongly.
pub const RUN_BUDGET: u64 = 1 << 26;

/// Scopes that site code may have pushed.
pub const SCOPES_MAX: usize = 64;

/// Filters that site code may have pushed.
pub const FILTERS_MAX: usize = 256;

/// Bytes that one template expands to: larger than any head that could go
/// into it a few times.
pub const TEMPLATE_BYTES_MAX: usize = 16 << 20;

/// Capture names in use at a time; the compiler numbers them densely.
pub const CAPTURE_NAMES_MAX: usize = 4096;

/// Exchanges kept for use again by a worker, with their memory.
pub const EXCHANGES_KEPT: usize = 256;

/// Buffers kept for use again by a worker.
pub const BUFFERS_KEPT: usize = 256;

/// Bytes of memory above which a buffer is given back instead of kept.
pub const BUFFER_BYTES_KEPT: usize = 2 * OUTPUT_HIGH;

/// Time that requests in progress have to finish when the server stops, if
/// the operator says nothing else.
pub const GRACE_MS: u64 = 10_000;

/// Time without accepting after the system ran out of descriptors.
pub const ACCEPT_PAUSE_MS: u64 = 100;

/// Bytes of an upstream's response head, or of a chunk's line within its body:
/// as much as a request head of a client may have.
pub const RESPONSE_HEAD_BYTES_MAX: usize = 1 << 20;

/// Bytes of a response to a health check that are compared with what is
/// expected: more than any answer to such a question.
pub const HEALTH_BODY_BYTES_MAX: usize = 1 << 20;

/// Failures of upstreams that a worker counts at a time; one more is let go.
/// Each is remembered until its time is over.
pub const FAILURES_MAX: usize = 1 << 16;

/// Informational responses of an upstream to one request; they wait to be
/// sent whether the client reads or not.
pub const INFORMATIONAL_MAX: u32 = 32;

/// Threads that check passwords, whatever the number of processors: each needs
/// the memory that hashes ask for.
pub const CHECKERS_MAX: usize = 8;

/// Passwords that wait to be checked; at a tenth of a second for each this is
/// more than anybody waits for.
pub const CHECKS_WAITING_MAX: usize = 1024;

/// Threads that read folders: two, so that a slow one does not hold up all others.
pub const LISTERS_MAX: usize = 2;

/// Folders that wait to be read.
pub const LISTINGS_WAITING_MAX: usize = 256;

/// Names that are compared with a pattern for files in one look: a request waits for them within its worker.
pub const PATTERN_NAMES_MAX: usize = 100_000;

/// Files that a pattern may come to; of a policy that wants the best one, among these.
pub const PATTERN_FILES_MAX: usize = 10_000;

/// Results of checks that are kept, as many as Caddy keeps.
pub const CHECKED_KEPT: usize = 1000;

/// Bytes of lines of an access log that a worker keeps for a sink which is slow; a line more is lost. At some 600 bytes a
/// line it is the lines of a moment in which a disk is busy.
pub const LOG_BUFFER_BYTES: usize = 1 << 20;

/// Time that sinks have for the last lines when the server stops.
pub const LOG_STOP_MS: u64 = 2_000;

/// Bytes of a file that are read at once, and that a shorter one is answered with at once.
pub const FILE_READ_BYTES: usize = 64 * 1024;

/// Bytes of a file that holds another's entity tag.
pub const ETAG_FILE_BYTES_MAX: u64 = 4096;

/// Bytes of a body that is all there and that are encoded at once; a longer one is encoded as it is sent.
pub const ENCODED_AT_ONCE_MAX: usize = 64 * 1024;

/// The binary logarithm of the bytes that an encoder of Zstandard looks back, which its memory grows with.
pub const ZSTD_WINDOW_LOG: u32 = 17;
