//! The functions that generated code may call (`zs_abi::Helper`).
//!
//! A helper takes its numbers and guest pointers from generated code and
//! trusts none of them. It never unwinds: a panic inside is caught, and like
//! any other failure makes the run count as faulted.
#![expect(unsafe_code, reason = "exported symbols")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use zs_abi::tables::{
    ClientAddressId, EncodeId, EntryId, FileLookId, HeaderListId, ProxyId, RegexId, RewriteListId,
    TemplateId, VariableId,
};
use zs_abi::value::{Function, Group};
use zs_abi::{HeadTarget, Helper, NO_BACKEND, SCOPE_RESTORE, Text};
use zs_guest::{GuestPtr, Window, running, trap_address};
use zs_proto::query::raw_pairs;
use zs_proto::{glob, path_escaped};
use zs_values::Registers;

use crate::choose::Pool;
use crate::current::{self, Run};
use crate::exchange::Scope;
use crate::expand::Expander;
use crate::limits::{FILTERS_MAX, SCOPES_MAX};
use crate::{client_address, encode, files, header_list, request_body, rewrite_list, view};

/// Why a helper failed.
type Failure = &'static str;

const BAD_POINTER: Failure = "a helper was given a pointer to nothing";
const BAD_NUMBER: Failure = "a helper was given the number of nothing";
const SLOT_FULL: Failure = "the request's memory is full";

/// Runs a helper's body; its result, or 0 if it failed.
fn call(body: impl FnOnce(&mut Run<'_>, &mut Window) -> Result<u64, Failure>) -> u64 {
    let result = current::with(|run| {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            running(|window| body(run, window)).unwrap_or(Err("a helper outside of a run"))
        }));
        match outcome.unwrap_or(Err("a helper panicked")) {
            Ok(value) => value,
            Err(failure) => {
                run.failure.get_or_insert(failure);
                0
            }
        }
    });
    result.unwrap_or(0)
}

macro_rules! helpers {
    ($($(#[$doc:meta])* $symbol:ident($run:ident, $window:ident $(, $argument:ident)*) $body:block)*) => {
        $(
            $(#[$doc])*
            #[unsafe(no_mangle)]
            pub extern "C" fn $symbol($($argument: u64),*) -> u64 {
                call(|$run, $window| $body)
            }
        )*
    };
}

helpers! {
    /// [`Helper::FilterPush`].
    zs_helper_filter_push(run, _window, entry) {
        let entry = entry_id(run, entry)?;
        if run.exchange.filters.len() >= FILTERS_MAX {
            return Err("too many filters");
        }
        run.exchange.filters.push(entry);
        Ok(0)
    }

    /// [`Helper::ScopePush`].
    zs_helper_scope_push(run, _window, entry, flags) {
        let entry = entry_id(run, entry)?;
        if run.exchange.scopes.len() >= SCOPES_MAX {
            return Err("too many error scopes");
        }
        run.exchange.scopes.push(Scope {
            entry,
            filters: run.exchange.filters.len(),
            restore: flags & SCOPE_RESTORE != 0,
        });
        Ok(0)
    }

    /// [`Helper::TrustPeer`].
    zs_helper_trust_peer(run, _window, proxy) {
        let proxy = number(proxy)?.checked_sub(1).map(ProxyId);
        run.exchange.client.trust(proxy);
        Ok(0)
    }

    /// [`Helper::ClientNext`].
    zs_helper_client_next(run, window, client) {
        let client = ClientAddressId(number(client)?);
        let found = client_address::next(run.site, run.exchange, client).ok_or(BAD_NUMBER)?;
        let slot = run.exchange.slot.as_ref().ok_or(SLOT_FULL)?;
        view::set_client(window, slot, run.exchange.client_ip());
        Ok(u64::from(found))
    }

    /// [`Helper::FileLook`].
    zs_helper_file_look(run, _window, number) {
        let number = u32::try_from(number).map_err(|_| BAD_NUMBER)?;
        let found = files::look(run.site, run.exchange, run.clock, FileLookId(number));
        Ok(u64::from(found.ok_or(BAD_NUMBER)?))
    }

    /// [`Helper::EncodeBegin`].
    zs_helper_encode_begin(run, _window, number) {
        let number = u32::try_from(number).map_err(|_| BAD_NUMBER)?;
        encode::begin(run.site, run.exchange, EncodeId(number)).ok_or(BAD_NUMBER)?;
        Ok(0)
    }

    /// [`Helper::EncodeSniff`].
    zs_helper_encode_sniff(run, _window, number) {
        let number = u32::try_from(number).map_err(|_| BAD_NUMBER)?;
        encode::sniff(run.site, run.exchange, EncodeId(number)).ok_or(BAD_NUMBER)?;
        Ok(0)
    }

    /// [`Helper::Encode`].
    zs_helper_encode(run, _window, number, wanted) {
        let number = u32::try_from(number).map_err(|_| BAD_NUMBER)?;
        encode::encode(run.site, run.exchange, EncodeId(number), wanted != 0).ok_or(BAD_NUMBER)?;
        Ok(0)
    }

    /// [`Helper::ScopePop`].
    zs_helper_scope_pop(run, _window) {
        run.exchange.scopes.pop().map(|_| 0).ok_or("no error scope to leave")
    }

    /// [`Helper::HeaderOps`].
    zs_helper_header_ops(run, window, list, target) {
        let target = HeadTarget::from_number(target).ok_or(BAD_NUMBER)?;
        let list = HeaderListId(number(list)?);
        let scratch = &mut run.scratch.headers;
        if !header_list::apply(run.site, run.exchange, run.clock, list, target, scratch) {
            return Err(BAD_NUMBER);
        }
        if target == HeadTarget::Request {
            lay_out(run, window)?;
        }
        Ok(0)
    }

    /// [`Helper::Rewrite`].
    zs_helper_rewrite(run, window, list) {
        let list = RewriteListId(number(list)?);
        let scratch = &mut run.scratch.headers.regex;
        if !rewrite_list::apply(run.site, run.exchange, run.clock, list, scratch) {
            return Err(BAD_NUMBER);
        }
        lay_out(run, window)?;
        Ok(0)
    }

    /// [`Helper::ChooseRandom`].
    zs_helper_choose_random(run, _window, first, count) {
        let pool = pool(run, first, count)?;
        let backend = pool.random(&mut run.scratch.random);
        chosen(run, backend)
    }

    /// [`Helper::ChooseDraw`].
    zs_helper_choose_draw(run, _window, first, count, draw) {
        let pool = pool(run, first, count)?;
        let draw = number(draw)?;
        let backend = pool.draw(draw, &mut run.scratch.random);
        chosen(run, backend)
    }

    /// [`Helper::ChooseLeast`].
    zs_helper_choose_least(run, _window, first, count) {
        let pool = pool(run, first, count)?;
        let backend = pool.least(&mut run.scratch.random);
        chosen(run, backend)
    }

    /// [`Helper::ChooseFirst`].
    zs_helper_choose_first(run, _window, first, count) {
        let pool = pool(run, first, count)?;
        chosen(run, pool.first())
    }

    /// [`Helper::ChooseRound`].
    zs_helper_choose_round(run, _window, first, count, proxy) {
        let pool = pool(run, first, count)?;
        chosen(run, pool.round(ProxyId(number(proxy)?)).ok_or(BAD_NUMBER)?)
    }

    /// [`Helper::ChooseWeighted`].
    zs_helper_choose_weighted(run, window, first, count, proxy, weights, len) {
        let pool = pool(run, first, count)?;
        let weights = guest(window, weights, len)?;
        chosen(run, pool.weighted(ProxyId(number(proxy)?), weights).ok_or(BAD_NUMBER)?)
    }

    /// [`Helper::ChooseHash`].
    zs_helper_choose_hash(run, window, first, count, text, len) {
        let pool = pool(run, first, count)?;
        let text = guest(window, text, len)?;
        let backend = pool.hash(text, &mut run.scratch.text);
        chosen(run, backend)
    }

    /// [`Helper::BodyLimit`].
    zs_helper_body_limit(run, _window, bytes) {
        Ok(u64::from(request_body::limit(run.exchange, bytes)))
    }

    /// [`Helper::BodySet`].
    zs_helper_body_set(run, _window, template) {
        request_body::replace(run.site, run.exchange, run.clock, TemplateId(number(template)?));
        Ok(0)
    }

    /// [`Helper::VarSet`].
    zs_helper_var_set(run, _window, variable, template) {
        let variable = VariableId(number(variable)?);
        let known = run.site.data.count::<zs_abi::tables::Variable>();
        if variable.0 >= known {
            return Err(BAD_NUMBER);
        }
        let value = expander(run).variable(TemplateId(number(template)?));
        let variables = &mut run.exchange.variables;
        variables.resize(known as usize, None);
        variables[variable.0 as usize] = Some(value);
        Ok(0)
    }

    /// [`Helper::HeaderFind`].
    zs_helper_header_find(run, window, target, name, name_len) {
        let target = HeadTarget::from_number(target).ok_or(BAD_NUMBER)?;
        let name = guest(window, name, name_len)?;
        let head = header_list::head(run.exchange, target);
        let values = &mut run.scratch.values;
        let text = &mut run.scratch.text;
        values.clear();
        text.clear();
        for value in head.values(name) {
            note_value(values, text, value);
        }
        place_values(run, window)
    }

    /// [`Helper::QueryFind`].
    zs_helper_query_find(run, window, name, name_len) {
        let wanted = guest(window, name, name_len)?;
        let (values, text) = (&mut run.scratch.values, &mut run.scratch.text);
        values.clear();
        text.clear();
        let (mut name, mut value) = (Vec::new(), Vec::new());
        for pair in raw_pairs(&run.exchange.request.target.query) {
            name.clear();
            value.clear();
            if !pair.decode(&mut name, &mut value) {
                return Ok(0);
            }
            if name == wanted {
                note_value(values, text, &value);
            }
        }
        place_values(run, window)
    }

    /// [`Helper::RegexMatch`].
    zs_helper_regex_match(run, window, regex, text, len, store) {
        let regex = RegexId(number(regex)?);
        let program = run.site.regex(regex).ok_or(BAD_NUMBER)?;
        let text = guest(window, text, len)?;
        let slots = &mut run.scratch.slots;
        slots.clear();
        slots.resize(if store == 0 { 0 } else { program.slots() }, 0);
        let matched = program.search(text, 0, slots, &mut run.scratch.headers.regex);
        if matched && store != 0 {
            let name = number(store - 1)?;
            if !run.exchange.captures.store(name, regex, text, slots) {
                return Err(BAD_NUMBER);
            }
        }
        Ok(u64::from(matched))
    }

    /// [`Helper::Expand`].
    zs_helper_expand(run, window, template) {
        let mut text = std::mem::take(&mut run.scratch.text);
        text.clear();
        expander(run).template(TemplateId(number(template)?), &mut text);
        let slot = run.exchange.slot.as_mut().ok_or(SLOT_FULL)?;
        let address = slot.place(window, &text).ok_or(SLOT_FULL)?;
        let mut pair = [0; 8];
        pair[..4].copy_from_slice(&address.to_le_bytes());
        pair[4..].copy_from_slice(&(text.len() as u32).to_le_bytes());
        run.scratch.text = text;
        slot.place(window, &pair).map(u64::from).ok_or(SLOT_FULL)
    }

    /// [`Helper::PathMatchEscaped`].
    zs_helper_path_match_escaped(run, window, pattern, len) {
        let pattern = guest(window, pattern, len)?;
        let path = &run.exchange.request.target.raw_path;
        Ok(u64::from(path_escaped::matches(pattern, path, &mut run.scratch.pattern)))
    }

    /// [`Helper::Glob`].
    zs_helper_glob(_run, window, pattern, pattern_len, text, text_len) {
        let pattern = guest(window, pattern, pattern_len)?;
        let text = guest(window, text, text_len)?;
        Ok(u64::from(glob::matches(pattern, text)))
    }

    /// [`Helper::RegistersClear`].
    zs_helper_registers_clear(run, _window) {
        run.scratch.registers.clear();
        Ok(0)
    }

    /// [`Helper::RegisterConstant`].
    zs_helper_register_constant(run, _window, register, offset, len) {
        let text = Text { offset: number(offset)?, len: number(len)? };
        let constant = run.site.text(text);
        run.scratch.registers.set_constant(register, constant).map_err(|_| BAD_NUMBER)?;
        Ok(0)
    }

    /// [`Helper::RegisterPlaceholder`].
    zs_helper_register_placeholder(run, _window, register, template) {
        let value = expander(run).typed(TemplateId(number(template)?)).ok_or(BAD_NUMBER)?;
        run.scratch.registers.set(register, Ok(value)).map_err(|_| BAD_NUMBER)?;
        Ok(0)
    }

    /// [`Helper::RegisterCopy`].
    zs_helper_register_copy(run, _window, register, from) {
        run.scratch.registers.copy(register, from).map_err(|_| BAD_NUMBER)?;
        Ok(0)
    }

    /// [`Helper::RegisterTruth`].
    zs_helper_register_truth(run, _window, register) {
        let truth = run.scratch.registers.truth(register).map_err(|_| BAD_NUMBER)?;
        Ok(truth as u64)
    }

    /// [`Helper::RegisterNext`].
    zs_helper_register_next(run, _window, iterator, variable) {
        let next = run.scratch.registers.next(iterator, variable).map_err(|_| BAD_NUMBER)?;
        Ok(u64::from(next))
    }

    /// [`Helper::RegisterRegex`].
    zs_helper_register_regex(run, _window, register, regex) {
        let program = run.site.regex(RegexId(number(regex)?)).ok_or(BAD_NUMBER)?;
        let registers = &mut run.scratch.registers;
        let text = registers.text(register).map_err(|_| BAD_NUMBER)?;
        let scratch = &mut run.scratch.headers.regex;
        let value = text.map(|text| zs_values::Value::Bool(program.search(&text, 0, &mut [], scratch)));
        registers.set(register, value).map_err(|_| BAD_NUMBER)?;
        Ok(0)
    }

    /// [`Helper::RegisterBasic`].
    zs_helper_register_basic(run, _window, function, first, count) {
        register_call(run, (Group::Basic, zs_values::basic), function, first, count)
    }

    /// [`Helper::RegisterNumber`].
    zs_helper_register_number(run, _window, function, first, count) {
        register_call(run, (Group::Number, zs_values::number), function, first, count)
    }

    /// [`Helper::RegisterConvert`].
    zs_helper_register_convert(run, _window, function, first, count) {
        register_call(run, (Group::Convert, zs_values::convert), function, first, count)
    }

    /// [`Helper::RegisterText`].
    zs_helper_register_text(run, _window, function, first, count) {
        register_call(run, (Group::Text, zs_values::text), function, first, count)
    }

    /// [`Helper::RegisterLists`].
    zs_helper_register_lists(run, _window, function, first, count) {
        register_call(run, (Group::Lists, zs_values::lists), function, first, count)
    }

    /// [`Helper::RegisterTime`].
    zs_helper_register_time(run, _window, function, first, count) {
        register_call(run, (Group::Time, zs_values::time), function, first, count)
    }
}

/// Calls a function of a group on registers. Each group has a helper of its
/// own, so that a site has the groups that it uses.
fn register_call(
    run: &mut Run<'_>,
    (group, apply): (Group, zs_values::Apply),
    function: u64,
    first: u64,
    count: u64,
) -> Result<u64, Failure> {
    let function = Function::from_number(function).filter(|found| found.group() == group);
    let function = function.ok_or(BAD_NUMBER)?;
    let registers: &mut Registers = &mut run.scratch.registers;
    let called = registers.call(function, first, count, apply);
    called.map(|()| 0).map_err(|_| BAD_NUMBER)
}

macro_rules! linked {
    ($($helper:ident => $function:ident($($at:literal),*);)*) => {
        /// Address of a helper's function, for code that is not linked but
        /// mapped (`zeroserve run`).
        pub fn helper_address(helper: Helper) -> Option<*const u8> {
            Some(match helper {
                Helper::Trap => trap_address(),
                $(Helper::$helper => $function as *const u8,)*
                _ => return None,
            })
        }

        /// Calls a helper in the place of generated code, for code that is
        /// interpreted (`zeroserve trace`). `None` for the trap, and if there
        /// is no such helper.
        pub fn call_helper(helper: Helper, arguments: [u64; 5]) -> Option<u64> {
            Some(match helper {
                $(Helper::$helper => $function($(arguments[$at]),*),)*
                _ => return None,
            })
        }
    };
}

linked! {
    FilterPush => zs_helper_filter_push(0);
    ScopePush => zs_helper_scope_push(0, 1);
    ScopePop => zs_helper_scope_pop();
    HeaderOps => zs_helper_header_ops(0, 1);
    Rewrite => zs_helper_rewrite(0);
    BodyLimit => zs_helper_body_limit(0);
    BodySet => zs_helper_body_set(0);
    VarSet => zs_helper_var_set(0, 1);
    HeaderFind => zs_helper_header_find(0, 1, 2);
    QueryFind => zs_helper_query_find(0, 1);
    RegexMatch => zs_helper_regex_match(0, 1, 2, 3);
    Expand => zs_helper_expand(0);
    PathMatchEscaped => zs_helper_path_match_escaped(0, 1);
    Glob => zs_helper_glob(0, 1, 2, 3);
    FileLook => zs_helper_file_look(0);
    ChooseRandom => zs_helper_choose_random(0, 1);
    ChooseDraw => zs_helper_choose_draw(0, 1, 2);
    ChooseLeast => zs_helper_choose_least(0, 1);
    ChooseFirst => zs_helper_choose_first(0, 1);
    ChooseRound => zs_helper_choose_round(0, 1, 2);
    ChooseWeighted => zs_helper_choose_weighted(0, 1, 2, 3, 4);
    ChooseHash => zs_helper_choose_hash(0, 1, 2, 3);
    TrustPeer => zs_helper_trust_peer(0);
    ClientNext => zs_helper_client_next(0);
    EncodeBegin => zs_helper_encode_begin(0);
    EncodeSniff => zs_helper_encode_sniff(0);
    Encode => zs_helper_encode(0, 1);
    RegistersClear => zs_helper_registers_clear();
    RegisterConstant => zs_helper_register_constant(0, 1, 2);
    RegisterPlaceholder => zs_helper_register_placeholder(0, 1);
    RegisterCopy => zs_helper_register_copy(0, 1);
    RegisterTruth => zs_helper_register_truth(0);
    RegisterNext => zs_helper_register_next(0, 1);
    RegisterRegex => zs_helper_register_regex(0, 1);
    RegisterBasic => zs_helper_register_basic(0, 1, 2);
    RegisterNumber => zs_helper_register_number(0, 1, 2);
    RegisterConvert => zs_helper_register_convert(0, 1, 2);
    RegisterText => zs_helper_register_text(0, 1, 2);
    RegisterLists => zs_helper_register_lists(0, 1, 2);
    RegisterTime => zs_helper_register_time(0, 1, 2);
}

fn number(value: u64) -> Result<u32, Failure> {
    u32::try_from(value).map_err(|_| BAD_NUMBER)
}

fn entry_id(run: &Run<'_>, value: u64) -> Result<EntryId, Failure> {
    let entry = EntryId(number(value)?);
    run.site.entry(entry).map(|_| entry).ok_or(BAD_NUMBER)
}

/// The bytes that a guest pointer and a length name.
fn guest(window: &Window, start: u64, len: u64) -> Result<&[u8], Failure> {
    let len = u32::try_from(len).map_err(|_| BAD_POINTER)?;
    if len == 0 {
        return Ok(&[]);
    }
    window
        .slice(GuestPtr::from_register(start), len)
        .ok_or(BAD_POINTER)
}

/// The backends that site code names.
fn pool(run: &Run<'_>, first: u64, count: u64) -> Result<Pool, Failure> {
    Pool::new(run.site, number(first)?, number(count)?).ok_or(BAD_NUMBER)
}

/// Notes a choice for the attempt, and tells site code.
fn chosen(run: &mut Run<'_>, backend: u32) -> Result<u64, Failure> {
    run.exchange.upstream.chosen = (backend != NO_BACKEND).then_some(backend);
    Ok(u64::from(backend))
}

fn expander<'a>(run: &'a Run<'_>) -> Expander<'a> {
    Expander {
        site: run.site,
        exchange: run.exchange,
        clock: run.clock,
    }
}

/// Lays the view out anew after the request has changed.
fn lay_out(run: &mut Run<'_>, window: &mut Window) -> Result<(), Failure> {
    let Some(mut slot) = run.exchange.slot.take() else {
        return Err(SLOT_FULL);
    };
    let needs = run.site.server(run.exchange.server).needs;
    let scratch = &mut run.scratch.view;
    let laid = view::lay_out(window, &mut slot, run.exchange, needs, scratch);
    run.exchange.slot = Some(slot);
    laid.map_err(|_| SLOT_FULL)
}

/// Adds a value to a list being made: its text, and where in the texts it is.
fn note_value(values: &mut Vec<u8>, text: &mut Vec<u8>, value: &[u8]) {
    values.extend_from_slice(&(text.len() as u32).to_le_bytes());
    values.extend_from_slice(&(value.len() as u32).to_le_bytes());
    text.extend_from_slice(value);
}

/// Copies a list of values to the guest: count, zero, then pointers and
/// lengths. 0 if there are none.
fn place_values(run: &mut Run<'_>, window: &mut Window) -> Result<u64, Failure> {
    let (values, text) = (&mut run.scratch.values, &run.scratch.text);
    if values.is_empty() {
        return Ok(0);
    }
    let slot = run.exchange.slot.as_mut().ok_or(SLOT_FULL)?;
    let base = slot.place(window, text).ok_or(SLOT_FULL)?;
    let count = (values.len() / 8) as u32;
    for value in values.chunks_exact_mut(8) {
        let offset = u32::from_le_bytes([value[0], value[1], value[2], value[3]]);
        value[..4].copy_from_slice(&(base + offset).to_le_bytes());
    }
    let list = slot.reserve(8 + values.len()).ok_or(SLOT_FULL)?;
    let room = window.slice_mut(GuestPtr(list), 8 + values.len() as u32);
    let room = room.ok_or(SLOT_FULL)?;
    room[..4].copy_from_slice(&count.to_le_bytes());
    room[4..8].fill(0);
    room[8..].copy_from_slice(values);
    Ok(u64::from(list))
}
