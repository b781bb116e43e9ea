//! Where the parts of a configuration stand that was written as JSON.

use std::collections::BTreeMap;

use zs_diagnostics::Span;

use super::text::{Node, Value};

/// The places of the settings of applications and servers, by their JSON pointer (RFC 6901). Routes know their own. A
/// configuration that was not read from JSON has none: what is wrong with it is told where it is adapted.
#[derive(Clone, Debug, Default)]
pub struct Places(BTreeMap<String, Span>);

/// Two configurations that say the same are equal, wherever it is written.
impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Places {
    /// The places in a text.
    pub(super) fn new(root: &Node) -> Self {
        let mut places = Places::default();
        places.add(root, &mut Vec::new());
        places
    }

    /// The place of a setting, or of the nearest thing around it that has one.
    #[must_use]
    pub fn at<S: AsRef<str>>(&self, steps: impl IntoIterator<Item = S>) -> Span {
        let mut way = pointer(steps);
        loop {
            if let Some(span) = self.0.get(&way) {
                return *span;
            }
            match way.rfind('/') {
                Some(slash) => way.truncate(slash),
                None => return Span::default(),
            }
        }
    }

    fn add(&mut self, node: &Node, way: &mut Vec<String>) {
        let mut inside = |step: String, value: &Node, span: Span| {
            if step == "routes" || step == "named_routes" {
                return;
            }
            way.push(step);
            self.0.insert(pointer(way.iter()), span);
            self.add(value, way);
            way.pop();
        };
        match &node.value {
            Value::Object(members) => members.iter().for_each(|member| {
                inside(member.key.clone(), &member.value, member.key_span);
            }),
            Value::Array(elements) => elements.iter().enumerate().for_each(|(number, element)| {
                inside(number.to_string(), element, element.place());
            }),
            _ => {}
        }
    }
}

/// A JSON pointer.
pub(super) fn pointer<S: AsRef<str>>(steps: impl IntoIterator<Item = S>) -> String {
    let step = |step: S| format!("/{}", step.as_ref().replace('~', "~0").replace('/', "~1"));
    steps.into_iter().map(step).collect()
}
