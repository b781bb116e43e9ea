//! Tests of addresses as code: few ranges are compares with immediates, many
//! are a table that `cidr_contains` of `stdlib-bpf` walks.

use std::net::IpAddr;

use zs_abi::view;
use zs_bpf::{AluOp, Cond, Label, Reg, Size};
use zs_ir::program::AddressOf;
use zs_ir::ranges::IpRange;

use crate::function::Writer;

/// Most ranges of a kind that are compared one by one. A compare is three
/// instructions; a round of the table's walk is about a dozen.
const COMPARED_MAX: usize = 16;

impl Writer<'_, '_> {
    /// Goes on if an address lies in one of some ranges, else to `miss`.
    pub fn address(&mut self, of: AddressOf, ranges: &[IpRange], miss: Label) {
        let (at, family) = match of {
            AddressOf::Remote => (view::REMOTE_IP, view::REMOTE_FAMILY),
            AddressOf::Client => (view::CLIENT_IP, view::CLIENT_FAMILY),
        };
        let hit = self.code.label();
        for number in [4, 6] {
            let of_kind = |range: &&IpRange| range.base().is_ipv4() == (number == 4);
            let ranges: Vec<&IpRange> = ranges.iter().filter(of_kind).collect();
            if ranges.is_empty() {
                continue;
            }
            let other = self.code.label();
            self.code.load(Size::W, Reg::R1, Reg::R6, family);
            self.code.jump_if32(Cond::Ne, Reg::R1, number, other);
            if ranges.len() > COMPARED_MAX {
                self.walk_ranges(at, &ranges, miss);
                self.code.jump(hit);
            } else {
                for range in ranges {
                    self.range(at, range, hit);
                }
                self.code.jump(miss);
            }
            self.code.bind(other);
        }
        self.code.jump(miss);
        self.code.bind(hit);
    }

    /// Goes to `hit` if an address of its kind lies in a range.
    fn range(&mut self, at: i16, range: &IpRange, hit: Label) {
        let base = octets(range);
        let mask = range.mask();
        // IPv4 is the last word of the sixteen bytes.
        let first = at + 16 - mask.len() as i16;
        let next = self.code.label();
        for (word, mask) in mask.chunks_exact(4).enumerate() {
            let le = |bytes: &[u8]| i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            let (counts, is) = (le(mask), le(&base[word * 4..]));
            if counts == 0 {
                break;
            }
            let field = first + word as i16 * 4;
            self.code.load(Size::W, Reg::R1, Reg::R6, field);
            if counts != -1 {
                self.code.alu32(AluOp::And, Reg::R1, counts);
            }
            self.code.jump_if32(Cond::Ne, Reg::R1, is, next);
        }
        self.code.jump(hit);
        self.code.bind(next);
    }

    /// Goes on if the address lies in one of many ranges of its kind, else to
    /// `miss`.
    fn walk_ranges(&mut self, at: i16, ranges: &[&IpRange], miss: Label) {
        let mut table = Vec::new();
        for range in ranges {
            let base = octets(range);
            let mapped = match range.base() {
                IpAddr::V4(base) => base.to_ipv6_mapped().octets().to_vec(),
                IpAddr::V6(_) => base.clone(),
            };
            let bits = u32::from(range.bits()) + (16 - base.len() as u32) * 8;
            table.extend_from_slice(&mapped);
            table.extend_from_slice(&bits.to_le_bytes());
            table.extend_from_slice(&[0; 4]);
        }
        let table = self.data.guest_table(&table, 8);
        self.code.mov_imm(Reg::R1, table.guest().into());
        self.code.mov_imm(Reg::R2, ranges.len() as u64);
        self.code.mov(Reg::R3, Reg::R6);
        self.code.alu32(AluOp::Add, Reg::R3, i32::from(at));
        self.code.call("cidr_contains");
        self.code.jump_if(Cond::Eq, Reg::R0, 0, miss);
    }
}

fn octets(range: &IpRange) -> Vec<u8> {
    match range.base() {
        IpAddr::V4(base) => base.octets().to_vec(),
        IpAddr::V6(base) => base.octets().to_vec(),
    }
}
