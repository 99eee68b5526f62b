//! The server seen by a plain socket.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use flate2::read::GzDecoder;

use super::{Reply, Request, Server, most_within};

struct Answer {
    status: u16,
    head: String,
    body: Result<Vec<u8>, ErrorKind>,
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(server: &Server) -> Client {
        let address = server.url();
        let stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Client(BufReader::new(stream))
    }

    fn send(&mut self, target: &str) {
        let head = format!("GET {target} HTTP/1.1\r\nHost: here\r\nX-Key: geheim\r\n\r\n");
        self.0.get_mut().write_all(head.as_bytes()).unwrap();
    }

    fn get(&mut self, target: &str) -> Answer {
        self.send(target);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).unwrap() > 0, "closed in the head: {head:?}");
        }
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        let body = self.0.read_exact(&mut body).map(|()| body).map_err(|error| error.kind());
        Answer { status: head[9..12].parse().unwrap(), head, body }
    }
}

const BODY: &str = "0123456789abcdefghij";

fn faults(request: &Request) -> Reply {
    let reply = Reply::json(200, BODY);
    match request.path.as_str() {
        "/reset" => reply.reset_after(7),
        "/hang-up" => reply.hang_up_after(7),
        "/truncated" => reply.truncated(7),
        "/gzip" => reply.gzip(),
        "/stall" => Reply::stall(),
        "/late" => reply.delay(Duration::from_secs(3600)),
        "/panic" => panic!("broken handler"),
        "/limited" => Reply::text(429, "slow down").header("Retry-After", "7"),
        _ => reply,
    }
}

#[test]
fn keeps_a_connection_and_logs_its_requests() {
    let server = Server::start(faults);
    let mut client = Client::connect(&server);
    for target in ["/a%20b?symbol=BRK%2FB", "/limited"] {
        client.get(target);
    }
    let limited = client.get("/limited");
    assert_eq!((limited.status, limited.body.unwrap()), (429, b"slow down".to_vec()));
    assert!(limited.head.contains("Retry-After: 7\r\n"));
    assert_eq!(server.connections(), 1);
    let log = server.log();
    assert_eq!((log[0].request.path.as_str(), log[0].request.query("symbol")), ("/a b", Some("BRK/B")));
    assert_eq!(log[0].request.header("x-key"), Some("geheim"));
    assert!(log[0].contains("geheim") && !log[0].target_contains("geheim"));
    assert_eq!(most_within(&log, Duration::from_secs(3600)), 3);
    assert_eq!(most_within(&log[..1], Duration::from_nanos(1)), 1);
}

#[test]
fn breaks_off_as_told() {
    let server = Server::start(faults);
    let get = |target: &str| Client::connect(&server).get(target);
    assert_eq!(get("/reset").body, Err(ErrorKind::ConnectionReset));
    assert_eq!(get("/hang-up").body, Err(ErrorKind::UnexpectedEof));
    assert_eq!(get("/truncated").body.unwrap(), b"0123456");
    let broken = get("/panic");
    assert_eq!((broken.status, broken.body.unwrap()), (500, b"handler: broken handler".to_vec()));
}

#[test]
fn compresses() {
    let server = Server::start(faults);
    let answer = Client::connect(&server).get("/gzip");
    assert!(answer.head.contains("Content-Encoding: gzip\r\n"));
    let mut text = String::new();
    GzDecoder::new(&answer.body.unwrap()[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, BODY);
}

#[test]
fn stops_with_requests_under_way() {
    let mut server = Server::start(faults);
    let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(&server)).collect();
    for (client, target) in clients.iter_mut().zip(["/stall", "/late", "/stall"]) {
        client.send(target);
    }
    while server.count() < 3 {
        std::thread::yield_now();
    }
    // A delay of an hour that is not interrupted outlasts the wait for its end.
    assert!(server.shut(), "a connection outlived the server");
    for client in &mut clients {
        assert_eq!(client.0.read(&mut [0]).unwrap_or(0), 0, "an answer from a stopped server");
    }
}
