//! Names that are given beside those that something has: another may have them.

use crate::desk::known::Known;
use crate::domain::event::{Event, SCHEMA};
use crate::domain::fact::{EntityKind, Fact};
use crate::domain::id::EntityId;
use crate::domain::name::fold;
use crate::domain::reading::given;

/// A name that something is given.
struct Naming {
    kind: EntityKind,
    name: String,
    about: Vec<EntityId>,
}

/// Returns the further names that an event gives, or would once somebody else confirmed it, by itself or by what it makes
/// of a registration.
fn further(event: &Event) -> Vec<Naming> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts give no further name themselves")]
    let (kind, names) = match &event.fact {
        Fact::ChannelNamed(named) => (EntityKind::Channel, &named.names),
        Fact::PartyNamed(named) => (EntityKind::Party, &named.names),
        Fact::PersonNamed(named) => (EntityKind::Person, &named.names),
        _ => return within(event),
    };
    let about = &event.envelope.about;
    names.iter().map(|name| Naming { kind, name: name.text.clone(), about: about.clone() }).collect()
}

fn within(event: &Event) -> Vec<Naming> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "nothing stands within other facts that names something"
    )]
    match &event.fact {
        Fact::EntryHeld(held) => {
            Event::decode(SCHEMA, held.entry.get()).map_or_else(|_| Vec::new(), |it| further(&it))
        }
        Fact::RecordAmended(amended) => given(event).map_or_else(Vec::new, |reading| {
            let registered = registered(&reading).into_iter();
            let about = vec![EntityId::from(amended.target)];
            let own = registered.map(|(kind, name)| Naming { kind, name, about: about.clone() });
            own.chain(further(&reading)).collect()
        }),
        _ => Vec::new(),
    }
}

/// Returns the names under which an event enters something in a register.
fn registered(event: &Event) -> Vec<(EntityKind, String)> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else goes by names of its own")]
    let (kind, first, names) = match &event.fact {
        Fact::ChannelRegistered(channel) => {
            (EntityKind::Channel, Some(channel.name.to_string()), &channel.names)
        }
        Fact::PartyRegistered(party) => (EntityKind::Party, Some(party.code.to_string()), &party.names),
        Fact::SeriesRegistered(series) => (EntityKind::Series, None, &series.names),
        Fact::PersonRegistered(person) => (EntityKind::Person, None, &person.names),
        _ => return Vec::new(),
    };
    first.into_iter().chain(names.iter().map(|name| name.text.clone())).map(|name| (kind, name)).collect()
}

/// Returns what of the record goes by a name, but for what is given it, and for what was found to be the same.
fn others(known: &Known, naming: &Naming) -> Vec<EntityId> {
    let standing = |id: &EntityId| known.register.standing_for(*id);
    let own: Vec<EntityId> = naming.about.iter().map(standing).collect();
    let mut others = known.names.bearers(naming.kind, &naming.name);
    others.retain(|id| !own.contains(&standing(id)));
    others
}

/// Returns the names that are given here and that what is given them does not have yet.
fn new_names(known: &Known, event: &Event) -> Vec<Naming> {
    let mut names = further(event);
    names.retain(|naming| {
        let bearers = known.names.bearers(naming.kind, &naming.name);
        !bearers.iter().any(|id| naming.about.contains(id))
    });
    names
}

/// Returns what is doubtful about further names: that another has them.
pub(in crate::desk) fn of_another(known: &Known, event: &Event) -> Vec<String> {
    let mut said = Vec::new();
    for naming in new_names(known, event) {
        let others = others(known, &naming);
        let named: Vec<String> =
            others.iter().filter_map(|id| known.named(*id).ok()).map(|named| named.name).collect();
        if !named.is_empty() {
            said.push(format!(
                "`{}` is a name of {} too: typed by itself it could be either, and is refused; take one of the two back, or \
                 type another name",
                naming.name,
                named.join(", ")
            ));
        }
    }
    said
}

/// Tells whether an event gives a name that something else may have which is not seen.
pub(in crate::desk) fn gives_names(event: &Event) -> bool {
    !further(event).is_empty() || !policies_in(event).is_empty()
}

/// Tells whether nothing that somebody does not see, `theirs` being what they do, has a further name that an event gives,
/// or is a policy of the name of one that it sets or ends.
pub(in crate::desk) fn is_free_beyond(known: &Known, theirs: &Known, event: &Event) -> bool {
    let is_seen = |naming: &Naming| {
        let bearers = theirs.names.bearers(naming.kind, &naming.name);
        others(known, naming).iter().all(|id| bearers.contains(id))
    };
    let policies = policies_in(event);
    let of_these = |known: &Known| {
        let all = known.register.policies().iter();
        let named =
            all.filter(|policy| policy_of(&policy.event).is_some_and(|name| policies.contains(&fold(name))));
        named.map(|policy| policy.id).collect::<Vec<_>>()
    };
    let seen = of_these(theirs);
    new_names(theirs, event).iter().all(is_seen) && of_these(known).iter().all(|id| seen.contains(id))
}

/// Returns the name of the policy that an event sets or ends.
fn policy_of(event: &Event) -> Option<&str> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts are about no policy")]
    match &event.fact {
        Fact::PolicySet(set) => Some(&set.name),
        Fact::PolicyEnded(ended) => Some(&ended.name),
        _ => None,
    }
}

/// Returns the names of the policies that an event sets or ends, also by what stands within it, as names are compared.
fn policies_in(event: &Event) -> Vec<String> {
    let within = crate::domain::reading::within(event).unwrap_or_default();
    std::iter::once(event).chain(&within).filter_map(policy_of).map(fold).collect()
}
