//! What someone may do, and what is needed to do it.

use crate::desk::access::Much;
use crate::domain::fact::account::Role;

/// What someone may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grants(pub(super) u8);

impl Grants {
    pub(super) const NOTHING: Self = Self(0);
    pub(super) const READ: Self = Self(1);
    pub(super) const RECORD: Self = Self(2);
    pub(super) const AUDIT: Self = Self(4);
    pub(super) const ADMINISTER: Self = Self(8);
    pub(super) const EVERYTHING: Self = Self(15);

    /// Returns what a role may do.
    ///
    /// Whoever keeps the accounts does not see who read what: that is for somebody who does not keep them. They
    /// can make themselves an auditor, and then the log says so.
    pub const fn of(role: Role) -> Self {
        match role {
            Role::Reader => Self::READ,
            Role::Recorder => Self(Self::READ.0 | Self::RECORD.0),
            Role::Auditor => Self(Self::READ.0 | Self::AUDIT.0),
            Role::Administrator => Self(Self::READ.0 | Self::RECORD.0 | Self::ADMINISTER.0),
        }
    }

    /// Returns the role that may do exactly this; none for what no role is.
    pub(super) fn role(self) -> Option<Role> {
        Role::ALL.iter().copied().find(|role| Self::of(*role) == self)
    }

    /// Tells whether these are among them.
    pub const fn have(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// Returns those that are among both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: whoever is at the door.
    Nobody,
    /// Any account, whatever it may do.
    Account,
    /// To ask, of what one sees.
    Read,
    /// To ask of the whole log.
    Oversee,
    /// To record, what one sees.
    Record,
    /// To record what bears on the whole log.
    Keep,
    /// To check the record and who read it.
    Audit,
    /// To keep the accounts and the keys.
    Administer,
}

impl Needs {
    pub(super) const fn grants(self) -> Grants {
        match self {
            Self::Nobody | Self::Account => Grants::NOTHING,
            Self::Read | Self::Oversee => Grants::READ,
            Self::Record | Self::Keep => Grants::RECORD,
            Self::Audit => Grants::AUDIT,
            Self::Administer => Grants::ADMINISTER,
        }
    }

    /// Tells whether what is answered may tell something of what is recorded, if only how much.
    pub(crate) const fn tells_of_the_record(self) -> bool {
        match self {
            Self::Nobody | Self::Account => false,
            Self::Read | Self::Record | Self::Oversee | Self::Keep | Self::Audit | Self::Administer => true,
        }
    }

    /// Tells whether nobody has it but whoever sees more of the log than what is marked for them: that is decided by
    /// the log, and must be before anything of a request is taken.
    pub(crate) const fn is_for_few(self) -> bool {
        matches!(self.sight(), Much::Highest | Much::Everything)
    }

    /// Tells how much of the log one must see.
    pub(super) const fn sight(self) -> Much {
        match self {
            Self::Nobody | Self::Account => Much::Nothing,
            Self::Read | Self::Record => Much::Own,
            // The accounts are kept by somebody who is cleared as high as any of them.
            Self::Administer => Much::Highest,
            Self::Oversee | Self::Keep | Self::Audit => Much::Everything,
        }
    }

    /// Returns the roles that have it.
    pub(crate) fn roles(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| Grants::of(*role).have(self.grants()))
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Nobody | Self::Account => "come in",
            Self::Read | Self::Oversee => "ask",
            Self::Record | Self::Keep => "record",
            Self::Audit => "check the record, or who read it",
            Self::Administer => "keep the accounts and the keys",
        }
    }

    pub(super) const fn whose(self) -> &'static str {
        match self {
            Self::Nobody | Self::Account => "an account",
            Self::Read | Self::Oversee => "a reader, a recorder, an auditor or an administrator",
            Self::Record | Self::Keep => "a recorder or an administrator",
            Self::Audit => "an auditor",
            Self::Administer => "an administrator",
        }
    }
}
