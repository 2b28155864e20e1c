//! `participant suspend` and `participant resume`: in the registers, and at the broker.

use std::process::ExitCode;

use anyhow::Context as _;
use schakelpunt_domain::registers::Channel;
use serde_json::json;

use super::{Which, is_suspended, registered};
use crate::{
    commands::{
        out,
        registers::enter,
        remote::{self, Http},
    },
    config::Config,
    wiring::Provisioned,
};

impl Which {
    /// The deliveries first: from then on the hub provides nothing, whatever is still connected.
    pub(super) async fn suspend(&self) -> anyhow::Result<ExitCode> {
        let (http, config) = self.open()?;
        if !is_suspended(&http, &self.id).await? {
            enter(&http, "stop", &json!({"participant": self.id})).await?;
        }
        let connections = match broker(&config) {
            Some(broker) => {
                let Provisioned { broker, vhost, .. } = &broker?;
                let rehearsals = format!("{vhost}-rehearsal");
                let barred = broker.bar(&[vhost, &rehearsals], &self.id).await;
                Some(barred.with_context(|| format!("{} gets nothing more, but may still be connected", self.id))?)
            }
            None => {
                tracing::warn!("no broker in this configuration: if {} has a connection there, it stays open", self.id);
                None
            }
        };
        out(json!({"suspended": self.id, "connections": connections}))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Its rights come back with its deliveries; keys and inbox are those of before.
    pub(super) async fn resume(&self) -> anyhow::Result<ExitCode> {
        let (http, config) = self.open()?;
        if is_suspended(&http, &self.id).await? {
            enter(&http, "lift", &json!({"participant": self.id})).await?;
        }
        let known = registered(&http, &self.id).await?;
        let known = known.with_context(|| format!("{} is not registered, or takes part no more", self.id))?;
        if let (Channel::Amqp, Some(broker)) = (known.channel, broker(&config)) {
            let Provisioned { broker, vhost, .. } = &broker?;
            broker.admit(vhost, &self.id, None).await.context("nothing is stopped any more, but the broker does not let it in yet")?;
        }
        out(json!({"resumed": self.id}))?;
        Ok(ExitCode::SUCCESS)
    }

    fn open(&self) -> anyhow::Result<(Http, Config)> {
        Ok((remote::administrator(&self.config, None)?, Config::read(&self.config)?))
    }
}

/// The broker of a configuration, if it names one.
fn broker(config: &Config) -> Option<anyhow::Result<Provisioned>> {
    (config.bus.url.reveal() != "in-process").then(|| Provisioned::of(config))
}
