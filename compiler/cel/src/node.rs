//! What the grammar makes of tokens: names and calls, before anything is known about them.

use crate::Function;
use crate::limits::DEPTH_MAX;
use crate::token::Problem;
use crate::tree::Constant;

/// An expression as written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    /// Where it starts in the expanded text.
    pub(crate) start: usize,
    /// Where it ends there.
    pub(crate) end: usize,
    /// How many expressions lie within each other here.
    depth: u32,
}

/// The kinds of expressions as written.
#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Literal(Constant),
    Name(Name),
    Select(Box<Node>, Name),
    /// A function, or a method of the receiver.
    Call {
        receiver: Option<Box<Node>>,
        name: Name,
        arguments: Vec<Node>,
    },
    /// An operator other than those below.
    Operator(Function, Vec<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Conditional(Box<[Node; 3]>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// A message with its fields, of which no type is known here.
    Message(Box<Node>),
}

/// A name with its place.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Node {
    /// Makes a node, unless that would be too deep for the stages that recurse over it.
    pub(crate) fn new(kind: NodeKind, start: usize, end: usize) -> Result<Self, Problem> {
        let depth = kind.depth_inside() + 1;
        if depth > DEPTH_MAX {
            return Err(Problem {
                start,
                end,
                message: format!("more than {DEPTH_MAX} expressions lie within each other"),
                help: "split it over several named matchers",
            });
        }
        Ok(Node {
            kind,
            start,
            end,
            depth,
        })
    }

    /// The same in parentheses.
    pub(crate) fn at(self, start: usize, end: usize) -> Self {
        Node { start, end, ..self }
    }

    /// The name, when the node is nothing else.
    pub(crate) fn as_name(&self) -> Option<&Name> {
        match &self.kind {
            NodeKind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The names joined by dots, when the node is a name or fields of one.
    pub(crate) fn as_path(&self) -> Option<String> {
        match &self.kind {
            NodeKind::Name(name) => Some(name.text.clone()),
            NodeKind::Select(operand, field) => {
                Some(format!("{}.{}", operand.as_path()?, field.text))
            }
            _ => None,
        }
    }
}

impl NodeKind {
    fn depth_inside(&self) -> u32 {
        let deepest = |nodes: &[Node]| nodes.iter().map(|node| node.depth).max().unwrap_or(0);
        match self {
            NodeKind::Literal(_) | NodeKind::Name(_) => 0,
            NodeKind::Select(node, _) | NodeKind::Message(node) => node.depth,
            NodeKind::Call {
                receiver,
                arguments,
                ..
            } => {
                let receiver = receiver.as_ref().map_or(0, |receiver| receiver.depth);
                receiver.max(deepest(arguments))
            }
            NodeKind::Operator(_, nodes)
            | NodeKind::And(nodes)
            | NodeKind::Or(nodes)
            | NodeKind::List(nodes) => deepest(nodes),
            NodeKind::Conditional(nodes) => deepest(&**nodes),
            NodeKind::Map(entries) => entries
                .iter()
                .map(|(key, value)| key.depth.max(value.depth))
                .max()
                .unwrap_or(0),
        }
    }
}

/// The node of a chain of one or more operands, joined by `&&` or `||`.
pub(crate) fn joined(
    first: Node,
    mut rest: Vec<Node>,
    kind: fn(Vec<Node>) -> NodeKind,
) -> Result<Node, Problem> {
    if rest.is_empty() {
        return Ok(first);
    }
    let (start, end) = (first.start, rest.last().map_or(first.end, |last| last.end));
    rest.insert(0, first);
    Node::new(kind(rest), start, end)
}

/// A node of an operator with two operands.
pub(crate) fn binary(left: Node, function: Function, right: Node) -> Result<Node, Problem> {
    let (start, end) = (left.start, right.end);
    Node::new(NodeKind::Operator(function, vec![left, right]), start, end)
}

/// A node of an operator with one operand that is written once or more; two of them cancel each other.
pub(crate) fn unary(
    start: usize,
    count: usize,
    function: Function,
    operand: Node,
) -> Result<Node, Problem> {
    if count.is_multiple_of(2) {
        return Ok(operand);
    }
    let end = operand.end;
    Node::new(NodeKind::Operator(function, vec![operand]), start, end)
}

/// Words that no variable and no function can have as their names.
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A name that is no reserved word.
pub(crate) fn free(name: Name) -> Result<Name, Problem> {
    if RESERVED.contains(&name.text.as_str()) {
        return Err(Problem {
            start: name.start,
            end: name.end,
            message: format!("`{}` is a reserved word", name.text),
            help: "choose another name",
        });
    }
    Ok(name)
}
