//! The binary, and a folder with a configuration of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

/// What a run said and how it ended.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Built beside this test: `cargo test` alone makes libraries only.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("schakelpunt");
    assert!(path.exists(), "{} is missing: run this test through tests/run, or `cargo build -p schakelpunt` first", path.display());
    path
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(root()).args(arguments).env_remove("SCHAKELPUNT__DIGEST_KEY").env_remove("SCHAKELPUNT__LOG").stdin(Stdio::null());
    command
}

/// Runs it to its end, from the root of the repository.
pub(super) fn run(arguments: &[&str]) -> Said {
    let output = command(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

impl Said {
    /// Fails with everything that was said unless it ended like this.
    #[track_caller]
    pub(super) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\nstdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Its lines as JSON.
    pub(super) fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }
}

/// A folder that goes with the test.
#[derive(Debug)]
pub(super) struct Place(tempfile::TempDir);

pub(super) const KEY: &str = "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c";

impl Place {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder that is not there yet; gives its path as an argument.
    pub(super) fn folder(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file; gives its path as an argument.
    pub(super) fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A hub on SQLite with the demo's participants, who all fetch over HTTP; gives the path of its configuration.
    pub(super) fn hub(&self, participants: &[&str]) -> String {
        let register = fs::read_to_string(root().join("config/demo/participants.toml")).unwrap();
        let fetching: Vec<_> =
            register.lines().flat_map(|line| [Some(line), line.starts_with("id = ").then_some("channel = \"pull\"")]).flatten().collect();
        let register = self.write("participants.toml", &fetching.join("\n"));
        let store = self.0.path().join("hub.db");
        let tokens: Vec<_> =
            participants.iter().map(|id| format!("[[http.token]]\nparticipant = \"{id}\"\ntoken = \"token-of-{id}\"\n")).collect();
        let text = format!(
            "digest-key = \"{KEY}\"\nparticipants = \"{register}\"\n[store]\nurl = \"sqlite:{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n{}\
             [[http.administrator]]\nname = \"beheer\"\ntoken = \"token-of-beheer\"\n",
            store.display(),
            tokens.concat()
        );
        self.write("hub.toml", &text)
    }

    /// The hub's configuration for whoever keeps its registers while it runs at that address; gives its path.
    pub(super) fn administrator(&self, config: &str, address: &str) -> String {
        let text = fs::read_to_string(config).unwrap().replacen("[store]", &format!("public-url = \"{address}\"\n[store]"), 1);
        self.write("admin.toml", &text)
    }

    /// How a participant reaches a hub; gives the path of its configuration.
    pub(super) fn client(&self, participant: &str, address: &str) -> String {
        self.write(&format!("{participant}.toml"), &format!("[client]\nurl = \"{address}\"\nsecret = \"token-of-{participant}\"\n"))
    }
}

/// A running hub. Ended when dropped.
#[derive(Debug)]
pub(super) struct Serving {
    child: Child,
    pub(super) address: String,
}

impl Serving {
    /// Starts `serve` and waits for its ready line.
    pub(super) fn start(config: &str) -> Self {
        Self::of(&["serve", "--config", config])
    }

    /// Starts a command that stays open, and waits for its ready line.
    pub(super) fn of(arguments: &[&str]) -> Self {
        let mut child = command(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut ready = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok()).filter(|line| line["ready"] == true);
        let ready = ready.next().expect("a ready line before the output ends");
        Self { address: ready["http"].as_str().unwrap().to_owned(), child }
    }

    /// Asks it to end, as a service manager does; gives its exit code.
    pub(super) fn stop(mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
