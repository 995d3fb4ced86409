//! What a machine with systemd needs to serve a log: a unit that may do nothing else, and its directories.

use std::net::IpAddr;

use clap::Args;

/// Ports below this are for whoever may take them.
const PORT_OF_ANYBODY: u16 = 1_024;

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
    /// The port
    #[arg(long)]
    port: Option<u16>,
    /// The address to listen on, instead of 127.0.0.1: with TLS, and with the accounts that the log must have then
    #[arg(long, value_name = "ADDRESS", requires = "tls")]
    listen: Option<IpAddr>,
    /// Show the certificate in /etc/demarche/tls.crt, with the key in /etc/demarche/tls.key
    #[arg(long)]
    tls: bool,
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
        let (mut credentials, mut by_hand) = (String::new(), String::new());
        // Whether it is given, to whom but the server, its name and its file.
        let given = [
            (!self.no_passphrase, true, "demarche-passphrase", "/etc/demarche/passphrase"),
            (self.master_key, true, "demarche-master-key", "/etc/demarche/master-key"),
            (self.tls, false, "demarche-tls-cert", "/etc/demarche/tls.crt"),
            (self.tls, false, "demarche-tls-key", "/etc/demarche/tls.key"),
        ];
        for (_, to_all, name, file) in given.iter().filter(|(is_given, ..)| *is_given) {
            credentials.extend(["LoadCredential=", name, ":", file, "\n"]);
            if *to_all {
                by_hand.extend([" -p LoadCredential=", name, ":", file]);
            }
        }
        let begin = format!(
            "systemd-run --pipe --wait {run_as} -p StateDirectory=demarche{by_hand} \\\n#     /usr/bin/demarche \
             --dir /var/lib/demarche/log --keys /var/lib/demarche/keys"
        );
        let (accounts, after) = match self.listen {
            Some(_) => (first_account(&begin), "network-online.target\nWants=network-online.target"),
            None => (String::new(), "network.target"),
        };
        let (capability, users) = match self.port {
            Some(..PORT_OF_ANYBODY) => ("CAP_NET_BIND_SERVICE", "no"),
            Some(_) | None => ("", "yes"),
        };
        let serve = self.serve();
        format!(
            "\
# Begin the log once, as whoever serves it:
#   {begin} init --zone UTC
{accounts}[Unit]
Description=Log of diplomatic communication
Documentation=man:demarche(1)
After={after}
ConditionPathExists=/var/lib/demarche/log/log/identity

[Service]
Type=exec
{user}
ExecStart=/usr/bin/demarche --dir /var/lib/demarche/log --keys /var/lib/demarche/keys {serve}
# Memory of what was answered goes back to the system: with an arena for each thread it lies about in dozens.
Environment=MALLOC_ARENA_MAX=2
StateDirectory=demarche
StateDirectoryMode=0700
{credentials}UMask=0077
Restart=on-failure
RestartSec=5
KillSignal=SIGTERM
TimeoutStopSec={STOP_SECONDS}
LimitNOFILE=65536
CapabilityBoundingSet={capability}
AmbientCapabilities={capability}
PrivateUsers={users}
{HARDENING}
[Install]
WantedBy=multi-user.target
"
        )
    }

    /// Returns the command that serves, and what it is told.
    fn serve(&self) -> String {
        let mut serve = vec!["serve".to_owned()];
        serve.extend(self.listen.map(|address| format!("--listen {address}")));
        serve.extend(self.port.map(|port| format!("--port {port}")));
        // Where systemd puts what it hands to this service alone.
        serve.extend(
            self.tls.then(|| "--tls-cert %d/demarche-tls-cert --tls-key %d/demarche-tls-key".to_owned()),
        );
        serve.join(" ")
    }
}

/// Says how the log gets its first account before the network reaches it: on no paper but the terminal of whoever does
/// it, where a server would write the one-time password into the journal.
fn first_account(begin: &str) -> String {
    format!(
        "# Then open the account of an administrator, with a one-time password that is shown this once:
#   {begin} account add NAME --role administrator --clearance TLP:RED
# A renewed certificate is shown after `systemctl restart demarche`; who is in stays in.
"
    )
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
z /etc/demarche/tls.key 0600 root root -
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
PrivateMounts=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
";

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: Unit =
        Unit { user: None, no_passphrase: false, master_key: false, port: None, listen: None, tls: false };

    #[test]
    fn what_is_packaged_is_what_the_program_writes() {
        assert_eq!(UNIT.text(), include_str!("../../../packaging/demarche.service"));
        assert_eq!(Tmpfiles { user: None }.text(), include_str!("../../../packaging/demarche.tmpfiles"));
    }

    #[test]
    fn a_server_for_the_network_gets_its_key_from_systemd_and_its_first_account_before_it_serves() {
        let listen = Some("::".parse().unwrap());
        let unit = Unit { listen, tls: true, port: Some(443), ..UNIT }.text();
        for line in [
            "serve --listen :: --port 443 --tls-cert %d/demarche-tls-cert --tls-key %d/demarche-tls-key\n",
            "LoadCredential=demarche-tls-key:/etc/demarche/tls.key\n",
            "AmbientCapabilities=CAP_NET_BIND_SERVICE\n",
            "account add NAME --role administrator",
        ] {
            assert!(unit.contains(line), "{line}\n{unit}");
        }
        assert!(!unit.contains("--accounts"), "no one-time password in the journal");
        let high = Unit { tls: true, port: Some(8443), ..UNIT }.text();
        assert!(high.contains("CapabilityBoundingSet=\nAmbientCapabilities=\nPrivateUsers=yes\n"), "{high}");
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
