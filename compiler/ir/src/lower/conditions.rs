//! Matchers as a person wrote them, noted for those who want to know what a
//! branch stands for.

use zs_config::model::{MatcherSet, Origin, StatusExpression};

use super::Lowering;
use super::code::Code;
use crate::program::{BlockId, Condition, ConditionId};

impl Lowering<'_> {
    /// Says that what is written next is a condition of the configuration.
    pub(super) fn ask(
        &mut self,
        code: &mut Code,
        origin: Origin,
        name: &'static str,
        items: &[String],
        no: BlockId,
    ) {
        let condition = self.condition(origin, name, items);
        code.ask(condition, no);
    }

    /// Notes a condition.
    pub(super) fn condition(
        &mut self,
        origin: Origin,
        name: &'static str,
        items: &[String],
    ) -> ConditionId {
        let conditions = &mut self.program.conditions;
        conditions.push(Condition {
            span: origin.span(),
            name,
            items: items.to_vec(),
            within: self.within,
        });
        ConditionId(conditions.len() as u32 - 1)
    }
}

/// What a header matcher asks of one field.
pub(super) fn fields(name: &str, values: Option<&[String]>) -> Vec<String> {
    match values {
        None => vec![format!("!{name}")],
        Some([]) => vec![name.to_owned()],
        Some(values) => values
            .iter()
            .map(|value| format!("{name} {value}"))
            .collect(),
    }
}

/// The statuses of an expression, as `handle_errors` has them.
pub(super) fn status_items(expression: &StatusExpression) -> Vec<String> {
    let classes = expression.classes.iter().map(|class| format!("{class}xx"));
    let codes = expression.codes.iter().map(|code| format!("{code:03}"));
    classes.chain(codes).collect()
}

/// How many matchers a set has.
pub(super) fn matchers_of(set: &MatcherSet) -> usize {
    let MatcherSet {
        client_ip,
        expression,
        file,
        header,
        header_regexp,
        host,
        method,
        not,
        path,
        path_regexp,
        protocol,
        query,
        remote_ip,
        tls,
        url_pattern,
        vars,
        vars_regexp,
        origin: _,
    } = set;
    let single = [
        client_ip.is_some(),
        expression.is_some(),
        file.is_some(),
        header_regexp.is_some(),
        host.is_some(),
        method.is_some(),
        not.is_some(),
        path.is_some(),
        path_regexp.is_some(),
        protocol.is_some(),
        remote_ip.is_some(),
        tls.is_some(),
        url_pattern.is_some(),
        vars.is_some(),
        vars_regexp.is_some(),
    ];
    let fields = header.as_ref().map_or(0, |header| header.len());
    let parameters = query.as_ref().map_or(0, |query| query.len().max(1));
    single.into_iter().filter(|there| *there).count() + fields + parameters
}

/// A status, or a class of them, as people write it.
pub(super) fn status_item(code: u16) -> String {
    match code {
        0..10 => format!("{code}xx"),
        _ => code.to_string(),
    }
}
