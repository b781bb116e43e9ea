//! How an upstream is chosen among those that are available, as Caddy's
//! policies do it. Which policy counts, and which text is hashed, site code has
//! settled.

use zs_abi::NO_BACKEND;
use zs_abi::tables::ProxyId;
use zs_proto::xxhash::xxh64;

use crate::site::LoadedSite;
use crate::upstreams::Upstreams;

/// Backends to choose from.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    upstreams: &'static Upstreams,
    site: &'static LoadedSite,
    first: u32,
    count: u32,
}

impl Pool {
    /// Consecutive backends; `None` if they do not exist.
    pub fn new(site: &'static LoadedSite, first: u32, count: u32) -> Option<Self> {
        let upstreams = site.upstreams();
        let last = first.checked_add(count.checked_sub(1)?)?;
        upstreams.backend(last)?;
        Some(Self {
            upstreams,
            site,
            first,
            count,
        })
    }

    fn available(self) -> impl Iterator<Item = u32> {
        let all = self.first..self.first + self.count;
        all.filter(move |number| self.upstreams.is_available(*number))
    }

    /// Any.
    pub fn random(self, random: &mut Random) -> u32 {
        let mut chosen = NO_BACKEND;
        for (number, seen) in self.available().zip(1..) {
            if random.below(seen) == 0 {
                chosen = number;
            }
        }
        chosen
    }

    /// The one with the fewest requests among some that are drawn.
    pub fn draw(self, draw: u32, random: &mut Random) -> u32 {
        let draw = draw.min(self.count) as usize;
        let mut drawn: Vec<u32> = Vec::with_capacity(draw);
        for (number, seen) in self.available().zip(1..) {
            if drawn.len() < draw {
                drawn.push(number);
            } else if let Some(place) = drawn.get_mut(random.below(seen) as usize) {
                *place = number;
            }
        }
        let idle = |number: &&u32| self.upstreams.requests(**number) == 0;
        match drawn.iter().find(idle) {
            Some(number) => *number,
            None => self.least_of(drawn.iter().copied(), random),
        }
    }

    /// The one with the fewest requests; any of those if there are several.
    pub fn least(self, random: &mut Random) -> u32 {
        self.least_of(self.available(), random)
    }

    fn least_of(self, among: impl Iterator<Item = u32>, random: &mut Random) -> u32 {
        let mut chosen = NO_BACKEND;
        let (mut least, mut seen) = (u32::MAX, 0);
        for number in among {
            let requests = self.upstreams.requests(number);
            if chosen == NO_BACKEND || requests < least {
                (least, seen) = (requests, 0);
            }
            if requests == least {
                seen += 1;
                if random.below(seen) == 0 {
                    chosen = number;
                }
            }
        }
        chosen
    }

    /// The first.
    pub fn first(self) -> u32 {
        self.available().next().unwrap_or(NO_BACKEND)
    }

    /// The next in a proxy's round.
    pub fn round(self, proxy: ProxyId) -> Option<u32> {
        for _ in 0..self.count {
            let number = self.first + self.upstreams.turn(proxy)? % self.count;
            if self.upstreams.is_available(number) {
                return Some(number);
            }
        }
        Some(NO_BACKEND)
    }

    /// The next in a round with weights, each four bytes. Caddy takes the turn
    /// among the weights above 0 and then the upstream of that place among
    /// those that are available.
    pub fn weighted(self, proxy: ProxyId, weights: &[u8]) -> Option<u32> {
        let weights = || {
            weights
                .chunks_exact(4)
                .map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        };
        let total: u64 = weights().map(u64::from).sum();
        let turn = u64::from(self.upstreams.turn(proxy)?).checked_rem(total)?;
        let mut sum = 0;
        let place = weights().filter(|weight| *weight > 0).position(|weight| {
            sum += u64::from(weight);
            turn < sum
        });
        let all = (self.first..self.first + self.count).zip(weights());
        let fit =
            all.filter(|(number, weight)| *weight > 0 && self.upstreams.is_available(*number));
        let count = fit.clone().count();
        let Some(place) = place?.checked_rem(count) else {
            return Some(NO_BACKEND);
        };
        fit.map(|(number, _)| number).nth(place)
    }

    /// The one whose name hashes highest with a text (rendezvous hashing).
    pub fn hash(self, text: &[u8], buffer: &mut Vec<u8>) -> u32 {
        let mut chosen = NO_BACKEND;
        let mut highest = 0;
        for number in self.available() {
            let Some(backend) = self.upstreams.backend(number) else {
                continue;
            };
            buffer.clear();
            buffer.extend_from_slice(self.site.text(backend.name));
            buffer.extend_from_slice(text);
            let hash = xxh64(buffer);
            if hash > highest {
                (highest, chosen) = (hash, number);
            }
        }
        chosen
    }
}

/// Random numbers of a worker, spread evenly enough and not a secret.
#[derive(Debug, Default)]
pub struct Random(u64);

impl Random {
    /// A number below another.
    fn below(&mut self, limit: u32) -> u32 {
        if self.0 == 0 {
            let mut seed = [0; 8];
            let _filled = zs_io::random(&mut seed);
            self.0 = u64::from_ne_bytes(seed) | 1;
        }
        // Xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (((self.0 >> 32) * u64::from(limit)) >> 32) as u32
    }
}
