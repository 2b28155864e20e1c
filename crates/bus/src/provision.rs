//! Prepares a broker: virtual host, topology, and for each participant a user that can do three things and nothing else: publish
//! under its own prefix, read its own inbox, and be told when either is refused.
//!
//! Everything is idempotent. What another hand has changed is listed by [`Broker::check`], not overwritten: a queue with other
//! arguments can only be deleted, and that is a person's decision.
//!
//! | module | what it does |
//! |---|---|
//! | `participants` | lets a participant in, gives it a key, shuts it out, gives it an inbox for a rehearsal |
//! | `check` | says what differs |
//! | `foreign` | rights of users that are nobody's here |
//! | `management` | the management interface |

mod check;
mod foreign;
mod management;
mod participants;

use reqwest::Url;
use schakelpunt_amqp::{Connection, topology::Topology};
use schakelpunt_domain::ParticipantId;
use serde_json::json;

use self::management::Management;

/// Who should have which rights in a virtual host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// Participants with an inbox that take part.
    pub active: Vec<ParticipantId>,
    /// Participants with an inbox that are suspended or retired: the inbox stays, they cannot connect.
    pub barred: Vec<ParticipantId>,
    /// Users of the hub's own beside the administrator.
    pub hubs: Vec<String>,
}

/// Why it could not be provisioned.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// An address does not parse. It may hold a password and is not repeated.
    #[error("not an address of a broker: {0}")]
    Address(&'static str),
    /// The management interface cannot be reached, or does not speak JSON.
    #[error("the broker's management interface cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The management interface refuses.
    #[error("the broker's management interface answers {status} to {what}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What was asked.
        what: String,
    },
    /// A participant that was shut out is still there.
    #[error("the broker has taken the rights of {0} away, and does not close all of its connections")]
    StillConnected(ParticipantId),
    /// The broker refuses the topology.
    #[error("the broker refuses the topology")]
    Topology(#[from] schakelpunt_amqp::Error),
}

/// A broker, with the rights of an administrator.
#[derive(Debug)]
pub struct Broker {
    amqp: Url,
    management: Management,
}

/// What a user may do, as regular expressions.
struct Permission<'a> {
    user: &'a str,
    write: &'a str,
    read: &'a str,
}

impl Broker {
    /// `amqp` holds the administrator's name and password; its path is ignored. `api` is the management interface.
    pub fn new(amqp: &str, api: &str) -> Result<Self, ProvisionError> {
        let amqp: Url = amqp.parse().map_err(|_| ProvisionError::Address("AMQP"))?;
        let api = api.parse().map_err(|_| ProvisionError::Address("management interface"))?;
        let password = amqp.password().unwrap_or_default();
        let management = Management::new(api, &decoded(amqp.username())?, &decoded(password)?)?;
        Ok(Self { amqp, management })
    }

    /// The version of the broker.
    pub async fn version(&self) -> Result<String, ProvisionError> {
        let overview = self.management.get(&["overview"]).await?.unwrap_or_default();
        Ok(overview.get("rabbitmq_version").and_then(|version| version.as_str()).unwrap_or_default().to_owned())
    }

    /// The address for a user in a virtual host.
    pub fn url(&self, vhost: &str, user: &str, password: &str) -> Result<String, ProvisionError> {
        let mut url = self.amqp.clone();
        let set = url.set_username(user).is_ok() && url.set_password(Some(password)).is_ok();
        url.path_segments_mut().map_err(|()| ProvisionError::Address("AMQP"))?.clear().push(vhost);
        if set { Ok(url.into()) } else { Err(ProvisionError::Address("AMQP")) }
    }

    /// The administrator's address in a virtual host.
    pub fn admin_url(&self, vhost: &str) -> Result<String, ProvisionError> {
        self.url(vhost, &self.management.user, &self.management.password)
    }

    /// The virtual host with the topology that every hub needs.
    pub async fn ensure_vhost(&self, vhost: &str, topology: &Topology) -> Result<(), ProvisionError> {
        self.management.put(&["vhosts", vhost], &json!({})).await?;
        self.permit(vhost, ".*", &Permission { user: &self.management.user, write: ".*", read: ".*" }).await?;
        self.declare(vhost, &topology.definitions()).await
    }

    /// Takes a virtual host away, with everything in it.
    pub async fn delete_vhost(&self, vhost: &str) -> Result<(), ProvisionError> {
        self.management.delete(&["vhosts", vhost]).await
    }

    /// The hub's own user: reads what comes in, writes to the inboxes, and can neither read an inbox nor change the topology.
    pub async fn ensure_hub(&self, vhost: &str, user: &str, password: &str) -> Result<(), ProvisionError> {
        self.ensure_user(user, password).await?;
        self.permit(vhost, "^$", &Permission { user, write: HUB_WRITE, read: HUB_READ }).await
    }

    /// What is not as it should be, in sentences; empty if nothing is.
    pub async fn check(&self, vhost: &str, topology: &Topology, roster: &Roster) -> Result<Vec<String>, ProvisionError> {
        check::check(self, vhost, topology, roster).await
    }

    async fn declare(&self, vhost: &str, definitions: &schakelpunt_amqp::topology::Definitions) -> Result<(), ProvisionError> {
        let connection = Connection::open(&self.admin_url(vhost)?, "schakelpunt provisions").await?;
        definitions.declare(&connection).await?;
        Ok(connection.close().await?)
    }

    async fn ensure_user(&self, user: &str, password: &str) -> Result<(), ProvisionError> {
        self.management.put(&["users", user], &json!({ "password": password, "tags": "" })).await
    }

    async fn permit(&self, vhost: &str, configure: &str, permission: &Permission<'_>) -> Result<(), ProvisionError> {
        let Permission { user, write, read } = permission;
        let body = json!({ "configure": configure, "write": write, "read": read });
        self.management.put(&["permissions", vhost, user], &body).await
    }
}

const HUB_WRITE: &str = r"^schakelpunt\.out$";
const HUB_READ: &str = r"^schakelpunt\.(stop|dead|unrouted|intake\.[0-9]+)$";
const PARTICIPANT_WRITE: &str = r"^schakelpunt\.in$";

fn inbox_read(participant: &ParticipantId) -> String {
    format!(r"^inbox\.{}$", escaped(participant))
}

/// Reading from a topic exchange means binding to it, which nobody may.
fn topic_permission(participant: &ParticipantId) -> serde_json::Value {
    json!({ "exchange": schakelpunt_amqp::topology::IN, "write": format!(r"^{}\.", escaped(participant)), "read": "^$" })
}

/// As a regular expression that matches the id alone.
fn escaped(participant: &ParticipantId) -> String {
    let characters = participant.as_str().chars();
    characters.flat_map(|c| (!c.is_ascii_alphanumeric()).then_some('\\').into_iter().chain([c])).collect()
}

/// Percent-decodes a part of an address.
fn decoded(text: &str) -> Result<String, ProvisionError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit =
                    |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                high.zip(low).map(|(high, low)| high << 4 | low).ok_or(ProvisionError::Address("AMQP"))?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| ProvisionError::Address("AMQP"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_matches_itself_alone() {
        assert_eq!(inbox_read(&"pi-alphen".parse().unwrap()), r"^inbox\.pi\-alphen$");
    }

    #[test]
    fn addresses_keep_their_secrets_escaped() {
        let broker = Broker::new("amqp://ad%2Fmin:p%40ss@127.0.0.1:5672", "http://127.0.0.1:15672").unwrap();
        assert_eq!(broker.management.password, "p@ss");
        assert_eq!(broker.url("a/b", "u", "p@:/").unwrap(), "amqp://u:p%40%3A%2F@127.0.0.1:5672/a%2Fb");
    }
}
