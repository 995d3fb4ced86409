//! What a machine with systemd needs to serve a log: a unit that may do nothing else, and its directories.

use clap::Args;

/// Whose unit.
#[derive(Debug, Args)]
pub(in crate::cli) struct Unit {
    /// Run as this user, who must exist, instead of one that systemd makes up for the service
    #[arg(long, value_name = "NAME", value_parser = name)]
    user: Option<String>,
    /// The key file is under no passphrase
    #[arg(long)]
    no_passphrase: bool,
    /// The texts are under a master key
    #[arg(long)]
    master_key: bool,
    /// The port on 127.0.0.1
    #[arg(long)]
    port: Option<u16>,
}

/// Whose directories.
#[derive(Debug, Args)]
pub(in crate::cli) struct Tmpfiles {
    /// The user of the unit, where it has one
    #[arg(long, value_name = "NAME", value_parser = name)]
    user: Option<String>,
}

/// Reads the name of an account of the system; nothing else may stand in a line of a unit.
fn name(typed: &str) -> Result<String, String> {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let begins = typed.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_');
    if begins && typed.len() <= 32 && typed.bytes().all(is_plain) {
        return Ok(typed.to_owned());
    }
    Err("an account has small letters, digits, `-` and `_`, at most 32".to_owned())
}

impl Unit {
    /// Returns the unit.
    pub(super) fn text(&self) -> String {
        let user = match &self.user {
            Some(user) => format!("User={user}\nGroup={user}"),
            None => "DynamicUser=yes".to_owned(),
        };
        let run_as = match &self.user {
            Some(user) => format!("-p User={user}"),
            None => "-p DynamicUser=yes".to_owned(),
        };
        let mut credentials = String::new();
        let mut by_hand = String::new();
        let given = [
            (!self.no_passphrase, "demarche-passphrase", "/etc/demarche/passphrase"),
            (self.master_key, "demarche-master-key", "/etc/demarche/master-key"),
        ];
        for (_, name, file) in given.iter().filter(|(is_given, ..)| *is_given) {
            credentials.extend(["LoadCredential=", name, ":", file, "\n"]);
            by_hand.extend([" -p LoadCredential=", name, ":", file]);
        }
        let port = self.port.map(|port| format!(" --port {port}")).unwrap_or_default();
        format!(
            "\
# Begin the log once, as whoever serves it:
#   systemd-run --pipe --wait {run_as} -p StateDirectory=demarche{by_hand} \\
#     /usr/bin/demarche --dir /var/lib/demarche/log --keys /var/lib/demarche/keys init --zone UTC
[Unit]
Description=Log of diplomatic communication
Documentation=man:demarche(1)
After=network.target
ConditionPathExists=/var/lib/demarche/log/log/identity

[Service]
Type=exec
{user}
ExecStart=/usr/bin/demarche --dir /var/lib/demarche/log --keys /var/lib/demarche/keys serve{port}
StateDirectory=demarche
StateDirectoryMode=0700
{credentials}UMask=0077
Restart=on-failure
RestartSec=5
KillSignal=SIGTERM
TimeoutStopSec={STOP_SECONDS}
LimitNOFILE=65536
{HARDENING}
[Install]
WantedBy=multi-user.target
"
        )
    }
}

impl Tmpfiles {
    /// Returns the lines.
    pub(super) fn text(&self) -> String {
        let state = match &self.user {
            Some(user) => format!("d /var/lib/demarche 0700 {user} {user} -\n"),
            // Of a user that systemd makes up, it makes the directory as well.
            None => String::new(),
        };
        format!(
            "\
# type path mode user group age
d /etc/demarche 0755 root root -
z /etc/demarche/passphrase 0600 root root -
z /etc/demarche/master-key 0600 root root -
{state}"
        )
    }
}

/// Longer than whoever is being answered is waited for, and than the last records take to be signed and saved.
const STOP_SECONDS: u32 = 90;

/// Everything that serving a log does not need.
const HARDENING: &str = "\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
CapabilityBoundingSet=
AmbientCapabilities=
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
";

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Unit = Unit { user: None, no_passphrase: false, master_key: false, port: None };

    #[test]
    fn what_is_packaged_is_what_the_program_writes() {
        assert_eq!(UNIT.text(), include_str!("../../../packaging/demarche.service"));
        assert_eq!(Tmpfiles { user: None }.text(), include_str!("../../../packaging/demarche.tmpfiles"));
    }

    #[test]
    fn no_name_of_a_user_adds_a_line_to_the_unit() {
        for wrong in ["", "Desk", "desk\nExecStart=/bin/sh", "-desk", "d d", "desk%h"] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
        let unit = Unit { user: Some(name("desk").unwrap()), master_key: true, ..UNIT }.text();
        assert!(unit.contains("User=desk\n") && !unit.contains("DynamicUser"), "{unit}");
        assert!(unit.contains("LoadCredential=demarche-master-key:/etc/demarche/master-key\n"), "{unit}");
    }
}
