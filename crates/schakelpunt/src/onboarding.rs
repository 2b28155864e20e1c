//! What a new participant asks for, and the keys that it gets.

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::{Context as _, bail, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use schakelpunt_domain::{
    Hidden, ParticipantId,
    registers::{Entry, Participant, Recorded, Subscription, SubscriptionState},
};
use sha2::{Digest as _, Sha256};

use crate::registers::Tables;

/// Bytes of a key. Nobody guesses 32.
const KEY: usize = 32;

/// A register file with one participant and the subscriptions that it wants.
#[derive(Debug, Clone)]
pub struct Application {
    /// Who.
    pub participant: Participant,
    /// What it wants of what it may have; nothing here means everything.
    pub subscriptions: Vec<Subscription>,
}

impl Application {
    /// Reads the file; a mistake is shown with its place.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// The same from a text.
    pub fn parse(name: &str, text: &str) -> anyhow::Result<Self> {
        let tables = Tables::parse(name, text)?;
        ensure!(tables.consents(Timestamp::UNIX_EPOCH).is_empty(), "{name}: a participant and its subscriptions, and no consents");
        let (mut participants, mut subscriptions) = (Vec::new(), Vec::new());
        for Recorded { entry, .. } in tables.entries(Timestamp::UNIX_EPOCH)? {
            match entry {
                Entry::Participant(one) => participants.push(one),
                Entry::Subscription(one) => subscriptions.push(one),
                other => bail!("{name}: a participant and its subscriptions, and no {}", other.kind()),
            }
        }
        let [participant] = <[Participant; 1]>::try_from(participants)
            .map_err(|found| anyhow::anyhow!("{name}: one [[participant]], not {}", found.len()))?;
        for wanted in &subscriptions {
            ensure!(wanted.participant == participant.id, "{name}: [[subscription]]: of {} itself", participant.id);
            ensure!(wanted.state == SubscriptionState::Requested, "{name}: [[subscription]]: `requested`; its owner makes it active");
        }
        Ok(Self { participant, subscriptions })
    }
}

/// A new key: random, from the operating system, in letters that need no escaping anywhere.
pub fn new_key() -> anyhow::Result<Hidden> {
    let mut bytes = [0; KEY];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the operating system gives no random bytes: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes).as_str().into())
}

/// What the hub keeps of a bearer token.
pub fn digest(key: &Hidden) -> String {
    Sha256::digest(key.reveal()).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The configuration with which `publish` and `inbox` of a participant reach the hub.
pub fn client_file(participant: &ParticipantId, url: &str, key: &Hidden) -> String {
    format!(
        "# How {participant} reaches the hub. It holds a key: for its own system to read, and nobody else.\n\
         [client]\nurl    = {}\nsecret = \"{}\"\n",
        toml::Value::String(url.to_owned()),
        key.reveal()
    )
}

/// Writes a file that is not there yet and that nobody else can read.
pub fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    let open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = open.with_context(|| format!("cannot make {}: it must not be there yet", path.display()))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[[participant]]\nid = \"gemeente-deventer\"\nkind = \"municipality\"\noin = \"00000099GM0150001000\"\n";

    #[test]
    fn one_participant_and_what_it_wants() {
        let wanted = format!("{FILE}[[subscription]]\nparticipant = \"gemeente-deventer\"\nevents = [\"plan-ready\"]\n");
        let read = Application::parse("a.toml", &wanted).unwrap();
        assert_eq!((read.participant.id.as_str(), read.subscriptions.len()), ("gemeente-deventer", 1));
    }

    #[test]
    fn nothing_else() {
        let refused = |text: &str| Application::parse("a.toml", text).unwrap_err().to_string();
        assert_eq!(refused(""), "a.toml: one [[participant]], not 0");
        assert_eq!(refused(&FILE.repeat(2)), "a.toml: one [[participant]], not 2");
        let other = "[[subscription]]\nparticipant = \"gemeente-breda\"\nevents = [\"*\"]\n";
        assert_eq!(refused(&format!("{FILE}{other}")), "a.toml: [[subscription]]: of gemeente-deventer itself");
        let active = "[[subscription]]\nparticipant = \"gemeente-deventer\"\nevents = [\"*\"]\nstate = \"active\"\n";
        assert!(refused(&format!("{FILE}{active}")).contains("its owner makes it active"));
        let agreement = "[[agreement]]\nmunicipality = \"gemeente-deventer\"\nprison = \"pi-zwolle\"\n";
        assert!(refused(&format!("{FILE}{agreement}")).contains("and no agreement"));
    }

    #[test]
    fn keys_differ_and_do_not_show_themselves() {
        let (one, other) = (new_key().unwrap(), new_key().unwrap());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.reveal().len(), 43);
        assert_eq!(format!("{one:?}"), "\"…\"");
        assert_eq!(digest(&"abc".into()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_file_is_for_one_reader_and_is_never_written_over() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("schakelpunt-key-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("client.toml");
        write_secret(&path, &client_file(&"gemeente-deventer".parse().unwrap(), "amqp://127.0.0.1:5672/v", &"key".into())).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(crate::config::Config::read(&path).unwrap().client.unwrap().secret.reveal(), "key");
        assert!(write_secret(&path, "").is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
