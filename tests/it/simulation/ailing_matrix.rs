//! What the other studies lose by those in trouble on a target that works for them: which requests
//! ail, how, and in which order the studies are worked on.

use std::time::Duration;

use radcast::settings::Order;

use super::ailing::settle;
use super::assert_all_accounted_for;
use super::model::{Ailment, Nature, World};

/// How many studies there are, of an entry each.
const STUDIES: u8 = 200;

/// Which requests ail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ailing {
    OneStudy,
    /// Three studies, of which the target takes one at a time.
    OnePatient,
    /// A tenth of the studies.
    OneModality,
    EveryTenthRequest,
}

impl Ailing {
    const ALL: [Self; 4] = [
        Self::OneStudy,
        Self::OnePatient,
        Self::OneModality,
        Self::EveryTenthRequest,
    ];

    fn holds(self, study: u8) -> bool {
        match self {
            Self::OneStudy => study == 20,
            Self::OnePatient => [20, 60, 100].contains(&study),
            Self::OneModality => study % 10 == 3,
            Self::EveryTenthRequest => false,
        }
    }

    fn world(self, ailment: Ailment) -> World {
        let nature = |study| match self.holds(study) {
            true => Nature::Ails(ailment),
            false => Nature::Good,
        };
        let entries: Vec<_> = (0..STUDIES).map(|study| (study, nature(study))).collect();
        let world = World::of(&entries);
        if self == Self::OnePatient {
            world.lock().of_one_patient = (0..STUDIES).filter(|study| self.holds(*study)).collect();
        }
        world.lock().every_tenth = (self == Self::EveryTenthRequest).then_some(ailment);
        world
    }

    /// How many studies ail whatever is tried.
    fn count(self) -> u32 {
        (0..STUDIES).map(|study| u32::from(self.holds(study))).sum()
    }
}

/// The longest pause after a failed attempt: the delays double from two seconds on, with a third of
/// jitter on top.
fn pause(attempt: u32, ailment: Ailment) -> Duration {
    let own = Duration::from_secs(2) * 2_u32.pow(attempt - 1) * 4 / 3;
    match ailment {
        Ailment::Busy => own.max(Ailment::ASKED),
        _ => own,
    }
}

/// What 200 studies take where nothing ails, and more.
const WORK: Duration = Duration::from_secs(3);

/// The most that passes until the other studies are applied.
///
/// * A study that ails has four attempts (`MaxAttemptsWhenHealthy`), with pauses between them; where
///   three ailed before it, it has two, with one pause. After a failed attempt `Strict` begins nothing
///   else until the study is done. Under `Relaxed` the others wait for the second attempt only, which
///   shows that the target works.
/// * While a request takes long, the others go on in the places that are left. One study, or one
///   patient, takes one place of four: the others are done before the first time-out.
/// * Where a tenth of the studies or requests take long, all places are taken by them in turn, four at
///   a time: between two of them nine others are applied, which restores the concurrency that a
///   refusal or a slow answer reduced. One round more is for those that do not begin together.
/// * A request that fails once costs its attempt and the pause after it, in either order: whether the
///   target works is asked after the second failure. Every tenth of 200 and their repetitions is one.
fn bound(ailing: Ailing, ailment: Ailment, order: Order) -> Duration {
    let takes = ailment.takes();
    let brief = takes * 2 + pause(1, ailment);
    let full = takes * 4 + pause(1, ailment) + pause(2, ailment) + pause(3, ailment);
    let once = takes + pause(1, ailment);
    let count = ailing.count();
    let tenths = u32::from(STUDIES) / 9 + 1;
    let rounds = |requests: u32| requests.div_ceil(4) + 1;
    let lost = match (ailing, ailment) {
        (Ailing::OneStudy | Ailing::OnePatient, Ailment::TimesOut | Ailment::Slow) => {
            Duration::ZERO
        }
        (Ailing::OneModality, Ailment::Slow) => takes * rounds(count),
        (Ailing::OneModality, Ailment::TimesOut) => full + brief * rounds(count - 4),
        (Ailing::EveryTenthRequest, Ailment::Slow) => takes * rounds(tenths),
        (Ailing::EveryTenthRequest, Ailment::TimesOut) => once * rounds(tenths),
        (Ailing::EveryTenthRequest, _) => once * tenths,
        _ if order == Order::Strict => full * count.min(3) + brief * count.saturating_sub(3),
        _ => once * count,
    };
    WORK + lost
}

#[test]
fn what_ails_costs_the_others_no_more_than_its_attempts_and_pauses() {
    let mut over = Vec::new();
    for ailing in Ailing::ALL {
        for ailment in Ailment::ALL {
            for order in [Order::Strict, Order::Relaxed] {
                let world = ailing.world(ailment);
                let others = usize::try_from(u32::from(STUDIES) - ailing.count()).unwrap();
                let (applied, settled) = settle(&world, order, others);
                let bound = bound(ailing, ailment, order);
                let cell = format!(
                    "{ailing:?} {ailment:?} {order:?}: applied {applied:.1?} of {bound:.1?}, \
                     settled {settled:.1?}"
                );
                println!("{cell}");
                if applied > bound {
                    over.push(cell);
                }
                assert_all_accounted_for(&world);
            }
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}
