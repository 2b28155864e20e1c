//! A system here that asks for a client certificate, as a foreign program with certificates of its own.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use schakelpunt::clock::SystemClock;
use schakelpunt_adapters::{
    delivered::Delivered,
    hub::{Sink as _, SinkError},
    post::Post,
};
use schakelpunt_domain::Clock;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{end_to_end::process::repository, parts::rabbitmq::variable};

/// The system. Killed when dropped.
struct System {
    _child: Child,
    says: Lines<BufReader<ChildStdout>>,
    folder: tempfile::TempDir,
    port: u64,
}

impl System {
    async fn start() -> Self {
        let python = variable("SCHAKELPUNT_TEST_PYTHON").expect("SCHAKELPUNT_TEST_PYTHON is not set: run this test through tests/run");
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(python);
        command.arg(repository().join("tests/python/tls_system.py")).arg(folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut system = Self { _child: child, says, folder, port: 0 };
        system.port = system.says().await["port"].as_u64().unwrap();
        system
    }

    async fn says(&mut self) -> Value {
        let line = timeout(Duration::from_secs(60), self.says.next_line()).await.unwrap().unwrap();
        serde_json::from_str(&line.expect("it ended")).unwrap()
    }

    /// An adapter's way to it, with these certificates.
    fn post(&self, identity: &str, authority: Option<&str>) -> Post {
        let file = |name: &str| toml::Value::from(self.folder.path().join(name).display().to_string());
        let mut settings = toml::Table::from_iter([("url".to_owned(), format!("https://127.0.0.1:{}/messages", self.port).into())]);
        let named = [("identity", Some(identity)), ("authority", authority)];
        let certificate: toml::Table = named.into_iter().filter_map(|(key, name)| Some((key.to_owned(), file(name?)))).collect();
        settings.insert("certificate".to_owned(), certificate.into());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Post::new("messages.system", &settings.try_into().unwrap(), clock).unwrap()
    }
}

fn message() -> Delivered {
    let event = json!({
        "id": "m-1", "type": "nl.schakelpunt.detentions.detention-started.v1", "time": "2024-09-04T06:30:00Z", "subject": "D-1", "data": {}
    });
    Delivered::read(event.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_message_goes_with_the_certificate_of_the_system_s_authority_and_no_other() {
    let mut system = System::start().await;
    let refused = async |post: Post| match post.hand_on(&message()).await {
        Err(SinkError::Later(why)) => why,
        other => panic!("{other:?}"),
    };
    // a stranger's certificate, a system that nobody vouches for: nothing gets in, and the message waits
    for (identity, authority) in [("stranger.pem", Some("authority.pem")), ("client.pem", None)] {
        let why = refused(system.post(identity, authority)).await;
        assert!(why.starts_with("the system "), "{why}");
    }
    system.post("client.pem", Some("authority.pem")).hand_on(&message()).await.unwrap();
    let said = system.says().await;
    assert_eq!(said["who"], json!(["client@probation.example"]));
    assert_eq!((&said["key"], &said["body"]["subject"]), (&json!("m-1"), &json!("D-1")));
}

#[test]
fn a_file_that_holds_no_certificate_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.pem"), "nothing").unwrap();
    let error = |path: &Path| {
        let text = format!("url = \"https://127.0.0.1/\"\ncertificate = {{ identity = \"{}\" }}\n", path.display());
        Post::new("messages.system", &toml::from_str(&text).unwrap(), Arc::new(SystemClock)).map(drop).unwrap_err().to_string()
    };
    assert_eq!(error(&folder.path().join("empty.pem")), "messages.system.certificate.identity: a PEM file with certificate and key");
    assert!(error(&folder.path().join("none.pem")).ends_with("none.pem cannot be used"));
}
