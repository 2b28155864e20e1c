//! RabbitMQ's own shovel: one for each intake queue, into an exchange that copies to every recipient. No receipts.

use lapin::{
    ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions},
    types::{FieldTable, ShortString},
};
use schakelpunt_amqp::topology;
use serde_json::json;

use crate::{
    load::{connect, short},
    site::Site,
};

const COPIES: &str = "bench.copies";

/// Starts the shovels of a site; they end with its virtual host.
pub(crate) async fn start(site: &Site<'_>, queues: u16) -> anyhow::Result<()> {
    let connection = connect(&site.admin_url()?, "bench prepares the shovel").await?;
    let channel = connection.create_channel().await?;
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(short(COPIES)?, ExchangeKind::Fanout, options, FieldTable::default()).await?;
    for recipient in site.fan_out().recipients() {
        let queue = short(&topology::inbox(&recipient.parse()?))?;
        channel.queue_bind(queue, short(COPIES)?, ShortString::default(), QueueBindOptions::default(), FieldTable::default()).await?;
    }
    let client = reqwest::Client::builder().no_proxy().build()?;
    let inside = format!("amqp:///{}", site.vhost());
    for number in 0..queues {
        let url = format!("{}/api/parameters/shovel/{}/bench-{number}", site.parts().api, site.vhost());
        let body = json!({"value": {"src-protocol": "amqp091", "src-uri": inside, "src-queue": topology::intake_queue(number),
            "src-prefetch-count": 1_000, "dest-protocol": "amqp091", "dest-uri": inside, "dest-exchange": COPIES,
            "dest-exchange-key": "", "ack-mode": "on-confirm"}});
        client.put(url).basic_auth("guest", Some("guest")).json(&body).send().await?.error_for_status()?;
    }
    Ok(())
}
