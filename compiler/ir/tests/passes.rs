//! The verifier refuses each kind of mistake; splitting gives functions that
//! verify and do the same.

use zs_ir::Program;
use zs_ir::program::{BlockId, Function, FunctionId};
use zs_ir::{parse, print, split, verify};

fn function(text: &str) -> Function {
    let text = format!("fn0 \"f\" {{\n{text}\n}}");
    let mut functions = parse::functions(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(functions.len(), 1, "{text}");
    functions.remove(0)
}

fn problem(text: &str) -> String {
    match verify::verify(&function(text), &[]) {
        Ok(()) => "fine".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn each_mistake_is_found() {
    let cases = [
        ("block0:\n end", "fine"),
        ("block0:\n jump block1", "f: block0: block1 does not exist"),
        (
            "block0:\n filter_push block7\n end",
            "f: block0: block7 does not exist",
        ),
        (
            "block0:\n subrequest subrequest0 resume block3",
            "f: block0: block3 does not exist",
        ),
        (
            "block0:\n v0 = query_find \"a\"\n v0 = query_find \"b\"\n end",
            "f: block0: v0 is defined twice",
        ),
        (
            "block0:\n v0 = query_find \"a\"\n jump block1\nblock1:\n v0 = query_find \"b\"\n end",
            "f: block1: v0 is defined twice",
        ),
        (
            "block0:\n if found v0 then block1 else block1\nblock1:\n v0 = query_find \"a\"\n end",
            "f: block0: v0 is not defined on every way here",
        ),
        (
            "block0:\n if int method 1 1 then block1 else block2\n\
             block1:\n v0 = query_find \"a\"\n jump block2\n\
             block2:\n if found v0 then block3 else block3\nblock3:\n end",
            "f: block2: v0 is not defined on every way here",
        ),
        (
            "block0:\n v0 = query_find \"a\"\n respond response0 resume block1\n\
             block1:\n if found v0 then block2 else block2\nblock2:\n end",
            "f: block1: v0 lives across a suspension",
        ),
        (
            "block0:\n v0 = path_set path_match\n filter_push block1\n end\n\
             block1:\n if path v0 \"/a\" then block2 else block2\nblock2:\n end",
            "f: block1: v0 lives across a suspension",
        ),
        (
            "block0:\n goto",
            "f: block0: the action and its place to go on do not fit",
        ),
        (
            "block0:\n subrequest subrequest0",
            "f: block0: the action and its place to go on do not fit",
        ),
        (
            "block0:\n abort resume block1\nblock1:\n end",
            "f: block0: the action and its place to go on do not fit",
        ),
        (
            "block0:\n raise error0 resume block1\nblock1:\n end",
            "f: block0: the action and its place to go on do not fit",
        ),
        (
            "block0:\n local_set local64 1\n end",
            "f: block0: word 64 lies outside the request's memory",
        ),
        (
            "block0:\n if int local64 1 1 then block1 else block1\nblock1:\n end",
            "f: block0: word 64 lies outside the request's memory",
        ),
        // What is never reached may use anything.
        (
            "block0:\n end\nblock1:\n if found v0 then block0 else block0",
            "fine",
        ),
        // Defined on both ways, each with its own definition of the same name
        // in a common block before.
        (
            "block0:\n v0 = query_find \"a\"\n if found v0 then block1 else block2\n\
             block1:\n jump block2\nblock2:\n if found v0 then block3 else block3\nblock3:\n end",
            "fine",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problem(text), expected, "{text}");
    }
}

#[test]
fn a_value_outside_the_function_is_refused() {
    let mut function = function("block0:\n v3 = query_find \"a\"\n end");
    function.values = 2;
    let error = verify::verify(&function, &[]).expect_err("v3 of two values");
    assert_eq!(
        error.problem,
        verify::Problem::Undefined(zs_ir::program::Value(3))
    );
    assert_eq!(error.block, BlockId(0));
}

/// The functions that a function becomes, as text.
fn split(text: &str) -> String {
    let mut program = Program {
        functions: vec![function(text)],
        ..Program::default()
    };
    verify::verify(&program.functions[0], &[]).unwrap_or_else(|error| panic!("{error}"));
    split::split(&mut program);
    for function in &program.functions {
        verify::verify(function, &[]).unwrap_or_else(|error| panic!("{error}"));
    }
    let numbered = program.functions.iter().enumerate();
    let shown = numbered.map(|(number, function)| {
        print::function(FunctionId(number as u32), function, None).replace(" ; \n", "\n")
    });
    shown
        .collect::<String>()
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

#[test]
fn a_function_without_other_entries_stays_whole() {
    let text =
        "block0:\n if int method 1 1 then block1 else block2\nblock1:\n end\nblock2:\n abort";
    assert_eq!(
        split(text),
        "fn0 \"f\" {\nblock0:\n    if int method 1 1 then block1 else block2\n\
         block1:\n    end\nblock2:\n    abort\n}\n"
    );
}

#[test]
fn each_place_that_is_entered_becomes_a_function() {
    let text = "block0:\n scope_push block1 1\n filter_push block2\n respond response0 resume block3\n\
                block1:\n respond response1\nblock2:\n end\nblock3:\n scope_pop\n end";
    assert_eq!(
        split(text),
        "fn0 \"f\" {\nblock0:\n    scope_push fn1 1\n    filter_push fn2\n    respond response0 resume fn3\n}\n\
         fn1 \"f.1\" {\nblock0:\n    respond response1\n}\n\
         fn2 \"f.2\" {\nblock0:\n    end\n}\n\
         fn3 \"f.3\" {\nblock0:\n    scope_pop\n    end\n}\n"
    );
}

#[test]
fn blocks_that_two_entries_reach_are_shared_by_a_tail_call() {
    // Both entries reach block2, which goes on to block3: only block2 becomes
    // a function, and the jump and the branch to it both find it.
    let text = "block0:\n respond response0 resume block1\n\
                block1:\n if int method 1 1 then block2 else block4\n\
                block2:\n jump block3\nblock3:\n respond response1\n\
                block4:\n goto resume block5\nblock5:\n jump block2";
    assert_eq!(
        split(text),
        "fn0 \"f\" {\nblock0:\n    respond response0 resume fn1\n}\n\
         fn1 \"f.1\" {\nblock0:\n    if int method 1 1 then block2 else block1\n\
         block1:\n    goto resume fn3\nblock2:\n    tail fn2\n}\n\
         fn2 \"f.2\" {\nblock0:\n    jump block1\nblock1:\n    respond response1\n}\n\
         fn3 \"f.5\" {\nblock0:\n    tail fn2\n}\n"
    );
}

#[test]
fn code_shared_by_three_entries_is_cut_where_ways_meet() {
    let text = "block0:\n filter_push block1\n filter_push block2\n jump block3\n\
                block1:\n jump block3\nblock2:\n jump block4\n\
                block3:\n jump block4\nblock4:\n end";
    let text = split(text);
    // block3 and block4 are functions of their own, each written once.
    assert_eq!(text.matches("\"f.3\"").count(), 1, "{text}");
    assert_eq!(text.matches("\"f.4\"").count(), 1, "{text}");
    assert_eq!(text.matches("    end").count(), 1, "{text}");
}
