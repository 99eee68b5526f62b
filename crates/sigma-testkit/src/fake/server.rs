//! The server: one thread a connection, a log of every request.

use std::any::Any;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::reply::Ending;
use super::{Reply, Request};

/// A handler that blocks for longer than this after the stop is left behind.
const LONGEST_STOP: Duration = Duration::from_secs(5);

/// A request and when it had arrived in full.
#[derive(Debug, Clone)]
pub struct Logged {
    pub at: Instant,
    pub request: Request,
}

impl Logged {
    /// Whether a text occurs in the target, as sent or decoded.
    pub fn target_contains(&self, needle: &str) -> bool {
        let Request { target, path, query, .. } = &self.request;
        let in_pair = |(key, value): &(String, String)| key.contains(needle) || value.contains(needle);
        target.contains(needle) || path.contains(needle) || query.iter().any(in_pair)
    }

    /// Whether a text occurs in the target, a header or the body.
    pub fn contains(&self, needle: &str) -> bool {
        let Request { headers, body, .. } = &self.request;
        self.target_contains(needle)
            || headers.iter().any(|(name, value)| name.contains(needle) || value.contains(needle))
            || String::from_utf8_lossy(body).contains(needle)
    }
}

/// Largest number of requests in any half-open window of that length.
pub fn most_within(log: &[Logged], window: Duration) -> usize {
    let mut times: Vec<Instant> = log.iter().map(|logged| logged.at).collect();
    times.sort();
    let count = |(first, start): (usize, &Instant)| {
        times[first..].iter().take_while(|at| at.duration_since(*start) < window).count()
    };
    times.iter().enumerate().map(count).max().unwrap_or(0)
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    log: Mutex<Vec<Logged>>,
    connections: Mutex<Connections>,
    /// Told when the server stops and when a connection has ended.
    changed: Condvar,
}

#[derive(Default)]
struct Connections {
    stopping: bool,
    opened: u64,
    open: HashMap<u64, Arc<TcpStream>>,
}

/// An HTTP server on a free loopback port; it stops when dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts on a free port of 127.0.0.1. A handler that panics answers 500 with the message.
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
        let address = listener.local_addr().expect("a bound port");
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            log: Mutex::default(),
            connections: Mutex::default(),
            changed: Condvar::new(),
        });
        let acceptor = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Server { address, shared, acceptor: Some(acceptor) }
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, in order of arrival.
    pub fn log(&self) -> Vec<Logged> {
        lock(&self.shared.log).clone()
    }

    /// Number of requests so far.
    pub fn count(&self) -> usize {
        lock(&self.shared.log).len()
    }

    /// Takes the log out, for tests of several phases.
    pub fn take_log(&self) -> Vec<Logged> {
        std::mem::take(&mut *lock(&self.shared.log))
    }

    /// Number of connections ever accepted: shows whether a client keeps connections.
    pub fn connections(&self) -> u64 {
        lock(&self.shared.connections).opened
    }
}

impl Server {
    /// Ends every connection; whether all of them have ended in time.
    pub(super) fn shut(&mut self) -> bool {
        lock(&self.shared.connections).stopping = true;
        self.shared.changed.notify_all();
        if let Some(acceptor) = self.acceptor.take() {
            // The acceptor waits in accept(): one connection lets it see the stop.
            if TcpStream::connect(self.address).is_ok() {
                let _ = acceptor.join();
            }
        }
        let connections = lock(&self.shared.connections);
        for stream in connections.open.values() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        let ended = self.shared.changed.wait_timeout_while(connections, LONGEST_STOP, |c| !c.open.is_empty());
        ended.is_ok_and(|(_, timeout)| !timeout.timed_out())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shut();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream.map(Arc::new) else { continue };
        let id = {
            let mut connections = lock(&shared.connections);
            if connections.stopping {
                return;
            }
            connections.opened += 1;
            let id = connections.opened;
            connections.open.insert(id, Arc::clone(&stream));
            id
        };
        let connection = Connection { id, stream: Some(stream), shared: Arc::clone(shared) };
        std::thread::spawn(move || connection.serve());
    }
}

struct Connection {
    id: u64,
    stream: Option<Arc<TcpStream>>,
    shared: Arc<Shared>,
}

impl Connection {
    fn serve(self) {
        let Some(stream) = self.stream.as_deref() else { return };
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::new(stream);
        while let Ok(Some(request)) = Request::read(&mut reader) {
            let logged = Logged { at: Instant::now(), request: request.clone() };
            lock(&self.shared.log).push(logged);
            let reply = self.shared.answer(&request);
            if !reply.delay.is_zero() && self.shared.stopped_within(reply.delay) {
                return;
            }
            if reply.send(stream).is_err() {
                return;
            }
            match reply.ending {
                Ending::Whole if !reply.close && !request.wants_close() => {}
                Ending::Whole | Ending::HangUp(_) => return,
                Ending::Reset(_) => {
                    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
                    return;
                }
                Ending::Stall => return wait_for_end(&mut reader),
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The socket closes with its last owner: the register gives up its share first.
        let registered = lock(&self.shared.connections).open.remove(&self.id);
        drop((registered, self.stream.take()));
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn answer(&self, request: &Request) -> Reply {
        let answer = catch_unwind(AssertUnwindSafe(|| (self.handler)(request)));
        answer.unwrap_or_else(|panic| Reply::text(500, format!("handler: {}", message(&*panic))))
    }

    /// Waits; whether the server stopped meanwhile.
    fn stopped_within(&self, delay: Duration) -> bool {
        let guard = lock(&self.connections);
        let waited = self.changed.wait_timeout_while(guard, delay, |c| !c.stopping);
        waited.map_or(true, |(connections, _)| connections.stopping)
    }
}

/// Reads and drops what the client still sends, until either side shuts the connection.
fn wait_for_end(reader: &mut BufReader<&TcpStream>) {
    loop {
        match reader.fill_buf().map(<[u8]>::len) {
            Ok(0) => return,
            Ok(length) => reader.consume(length),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked")
}

/// A panic elsewhere does not make the log unreadable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
