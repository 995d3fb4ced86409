//! The controlled words of an entry: the form of a communication, the level of whoever speaks, how
//! directly an answer came, on what a silence rests.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            schemars::JsonSchema,
        )]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every word, in the order in which it is listed to users.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the word as it is recorded and typed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, $crate::domain::words::UnknownWord> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| $crate::domain::words::UnknownWord {
                    word: text.to_owned(),
                    allowed: Self::ALL.iter().map(|word| word.as_str()).collect(),
                })
            }
        }
    };
}
pub(crate) use words;

/// A word is not on its list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is none of {}", .allowed.join(", "))]
pub struct UnknownWord {
    /// What was given.
    pub word: String,
    /// What would have been right.
    pub allowed: Vec<&'static str>,
}

words! {
    /// In what form something was communicated.
    Form {
        /// Third person, unsigned, initialled: the everyday form between ministries and missions.
        NoteVerbale = "note_verbale",
        /// First person, signed.
        FormalNote = "formal_note",
        /// A signed letter.
        Letter = "letter",
        /// A letter of a head of state carried by an envoy.
        PersonalLetter = "personal_letter",
        /// One note from several senders.
        CollectiveNote = "collective_note",
        /// The same text from several senders.
        IdenticalNotes = "identical_notes",
        /// The same text to several addressees.
        CircularNote = "circular_note",
        /// A memorandum.
        Memorandum = "memorandum",
        /// Handed over in a conversation, to fix what was said.
        AideMemoire = "aide_memoire",
        /// Unattributed text for discussion.
        NonPaper = "non_paper",
        /// A position presented on instructions, usually in person.
        Demarche = "demarche",
        /// Internal record of a conversation.
        MemorandumOfConversation = "memorandum_of_conversation",
        /// Internal note.
        NoteToFile = "note_to_file",
        /// A telegram between a mission and its ministry.
        Cable = "cable",
        /// A United Nations code cable.
        CodeCable = "code_cable",
        /// A fax.
        Fax = "fax",
        /// An e-mail.
        Email = "email",
        /// Read out over a line and taken down (전화통지문).
        TelephoneNotice = "telephone_notice",
        /// A notice sent as fax (통지문).
        FaxNotice = "fax_notice",
        /// A scheduled opening or closing call.
        LiaisonCall = "liaison_call",
        /// A check of a line.
        LineCheck = "line_check",
        /// Spoken, face to face.
        Oral = "oral",
        /// An envoy.
        Envoy = "envoy",
        /// A visit.
        Visit = "visit",
        /// Passed on by a third party.
        ThirdParty = "third_party",
        /// Said in public to be heard by the other side.
        PublicStatement = "public_statement",
        /// A press briefing.
        PressBriefing = "press_briefing",
        /// A press release or press statement (담화).
        PressStatement = "press_statement",
        /// A speech.
        Speech = "speech",
        /// A commentary in the press.
        Commentary = "commentary",
        /// A report of an agency or a paper.
        MediaReport = "media_report",
        /// A statement of both sides.
        JointStatement = "joint_statement",
        /// A communiqué.
        Communique = "communique",
        /// A signed agreement.
        Agreement = "agreement",
        /// By loudhailer across a line.
        Loudhailer = "loudhailer",
        /// By what was done, not said.
        Conduct = "conduct",
        /// None of these; the note says what.
        Other = "other",
    }
}

words! {
    /// Who speaks, from weighty to light.
    IssuerLevel {
        /// Head of state.
        HeadOfState = "head_of_state",
        /// The government.
        Government = "government",
        /// A ministry, a commission or a minister.
        Ministry = "ministry",
        /// An organ of a ruling party.
        PartyOrgan = "party_organ",
        /// A named official.
        NamedOfficial = "named_official",
        /// A spokesperson.
        Spokesperson = "spokesperson",
        /// A commentary of state media.
        StateMediaCommentary = "state_media_commentary",
        /// An official who is not named.
        UnnamedOfficial = "unnamed_official",
        /// Someone outside the government.
        ThirdPerson = "third_person",
    }
}

words! {
    /// How directly an answer came.
    Directness {
        /// From the addressee to the proposer.
        Direct = "direct",
        /// Through someone else.
        ViaIntermediary = "via_intermediary",
        /// Said in public.
        Public = "public",
        /// By what was done.
        Conduct = "conduct",
    }
}

words! {
    /// On what "unanswered" rests (the window for a response, or a finding).
    Basis {
        /// The proposal named an instant.
        ExplicitDeadline = "explicit_deadline",
        /// The proposed date, less the stated lead time.
        ImpliedByProposedDate = "implied_by_proposed_date",
        /// The rules of the channel give a time to respond.
        AgreedChannelRule = "agreed_channel_rule",
        /// A policy of the house.
        PolicyDefault = "policy_default",
        /// An officer found so.
        OfficerFinding = "officer_finding",
        /// A source reports so.
        Reported = "reported",
        /// Nothing: then nothing is unanswered, only pending.
        None = "none",
    }
}

words! {
    /// Which answers a finding of silence covers.
    SilenceScope {
        /// No answer from the addressee itself.
        DirectOnly = "direct_only",
        /// No answer by any way.
        Any = "any",
    }
}

words! {
    /// How far a refusal or a remark reaches.
    AnswerScope {
        /// This offer.
        ThisOffer = "this_offer",
        /// Offers of this kind.
        ThisKind = "this_kind",
        /// All dealings.
        AllDealings = "all_dealings",
    }
}

words! {
    /// Whether something was declared or seen.
    Evidence {
        /// A side said so.
        Announced = "announced",
        /// It was observed.
        Observed = "observed",
    }
}

words! {
    /// What a channel can carry.
    Capability {
        /// Speech.
        Voice = "voice",
        /// Facsimile.
        Fax = "fax",
        /// Data.
        Data = "data",
        /// Radio.
        Radio = "radio",
        /// Persons meet.
        InPerson = "in_person",
        /// Papers change hands.
        DocumentExchange = "document_exchange",
    }
}

impl Form {
    /// Returns how directly a form reaches the other side; none where it can be either.
    pub const fn directness(self) -> Option<Directness> {
        match self {
            Self::PublicStatement
            | Self::PressBriefing
            | Self::PressStatement
            | Self::Speech
            | Self::Commentary
            | Self::MediaReport => Some(Directness::Public),
            Self::ThirdParty => Some(Directness::ViaIntermediary),
            Self::Conduct => Some(Directness::Conduct),
            Self::NoteVerbale
            | Self::FormalNote
            | Self::Letter
            | Self::PersonalLetter
            | Self::CollectiveNote
            | Self::IdenticalNotes
            | Self::CircularNote
            | Self::Memorandum
            | Self::AideMemoire
            | Self::NonPaper
            | Self::Demarche
            | Self::Fax
            | Self::Email
            | Self::TelephoneNotice
            | Self::FaxNotice
            | Self::LiaisonCall
            | Self::LineCheck
            | Self::Loudhailer => Some(Directness::Direct),
            Self::MemorandumOfConversation
            | Self::NoteToFile
            | Self::Cable
            | Self::CodeCable
            | Self::Oral
            | Self::Envoy
            | Self::Visit
            | Self::JointStatement
            | Self::Communique
            | Self::Agreement
            | Self::Other => None,
        }
    }
}
