//! Processor time and memory of processes, from `/proc`.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::Context as _;

/// The kernel counts in hundredths of a second, whatever it uses inside.
const TICK: Duration = Duration::from_millis(10);

/// The fields of `/proc/<pid>/stat` that matter here.
struct Stat {
    parent: u32,
    /// Its own time, and that of children that it has waited for.
    own: u32,
    waited: u32,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name may hold anything, blanks and brackets too
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse::<u32>().ok();
    let (user, system, waited_user, waited_system) = (number(11)?, number(12)?, number(13)?, number(14)?);
    Some(Stat { parent: number(1)?, own: user + system, waited: waited_user + waited_system })
}

/// User and system time of a process so far.
pub(crate) fn processor(pid: u32) -> Duration {
    TICK * stat(pid).map_or(0, |stat| stat.own)
}

/// The same with its children, those that have ended included.
pub(crate) fn processor_of_family(pid: u32) -> Duration {
    let Some(first) = stat(pid) else { return Duration::ZERO };
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let all: BTreeMap<u32, Stat> = pids.filter_map(|pid| Some((pid, stat(pid)?))).collect();
    let children = all.values().filter(|stat| stat.parent == pid).map(|stat| stat.own + stat.waited);
    TICK * (first.own + first.waited + children.sum::<u32>())
}

/// The most memory that a process has held so far, in MiB.
pub(crate) fn peak_resident(pid: u32) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    let kilobytes: u32 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(f64::from(kilobytes) / 1024.0)
}
