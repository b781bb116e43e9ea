//! The registers that generated code names.

use std::rc::Rc;

use zs_abi::value::{Function, REGISTERS_MAX, Truth};

use crate::limits::{STEP_WORK, WORK_MAX};
use crate::value::{NO_OVERLOAD, Problem, Value};
use crate::{Apply, constant};

/// The registers of a worker.
#[derive(Debug, Default)]
pub struct Registers {
    registers: Vec<Register>,
    /// Bytes and elements looked at since the expression began.
    work: usize,
}

#[derive(Clone, Debug)]
enum Register {
    Value(Value),
    Error(Problem),
    /// A list that is gone over, and how far.
    Iterator(Rc<Vec<Value>>, usize),
}

/// The number names no register, or one that holds something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRegister;

type Checked<T> = Result<T, BadRegister>;

impl Registers {
    /// An expression begins: nothing of another one is left.
    pub fn clear(&mut self) {
        self.registers.clear();
        self.work = 0;
    }

    /// Puts a value into a register.
    ///
    /// # Errors
    /// If there is no such register.
    pub fn set(&mut self, register: u64, value: Result<Value, Problem>) -> Checked<()> {
        let value = value.and_then(|value| self.spend(value.weight()).map(|()| value));
        *self.at(register)? = match value {
            Ok(value) => Register::Value(value),
            Err(problem) => Register::Error(problem),
        };
        Ok(())
    }

    /// Counts work; an error when it becomes too much.
    fn spend(&mut self, work: usize) -> Result<(), Problem> {
        self.work = self.work.saturating_add(work);
        if self.work > WORK_MAX {
            return Err("the expression takes too long");
        }
        Ok(())
    }

    /// Puts a constant of the site data into a register.
    ///
    /// # Errors
    /// If there is no such register, or the constant is malformed.
    pub fn set_constant(&mut self, register: u64, bytes: &'static [u8]) -> Checked<()> {
        let value = constant::decode(bytes).ok_or(BadRegister)?;
        self.set(register, value)
    }

    /// Copies a register.
    ///
    /// # Errors
    /// If there is no such register.
    pub fn copy(&mut self, register: u64, from: u64) -> Checked<()> {
        let value = self.at(from)?.clone();
        *self.at(register)? = value;
        Ok(())
    }

    /// What a register says of a condition. A list that is gone over is no
    /// error, which is what is asked of it.
    ///
    /// # Errors
    /// If there is no such register.
    pub fn truth(&mut self, register: u64) -> Checked<Truth> {
        Ok(match self.at(register)? {
            Register::Value(Value::Bool(false)) | Register::Iterator(..) => Truth::False,
            Register::Value(Value::Bool(true)) => Truth::True,
            Register::Value(_) | Register::Error(_) => Truth::Error,
        })
    }

    /// The text in a register.
    ///
    /// # Errors
    /// If there is no such register. Inside, the error that the register holds
    /// or that it holds no text.
    pub fn text(&mut self, register: u64) -> Checked<Result<Rc<[u8]>, Problem>> {
        Ok(match self.at(register)? {
            Register::Value(Value::String(text)) => Ok(text.clone()),
            Register::Error(problem) => Err(*problem),
            Register::Value(_) | Register::Iterator(..) => Err(NO_OVERLOAD),
        })
    }

    /// Calls a function on neighbouring registers; the result goes to the
    /// first. An error among the arguments is the result.
    ///
    /// # Errors
    /// If there are no such registers.
    pub fn call(
        &mut self,
        function: Function,
        first: u64,
        count: u64,
        apply: Apply,
    ) -> Checked<()> {
        if count > u64::from(REGISTERS_MAX) {
            return Err(BadRegister);
        }
        let mut arguments = Vec::with_capacity(count as usize);
        let mut problem = None;
        for register in first..first.saturating_add(count) {
            match std::mem::replace(self.at(register)?, Register::Value(Value::Null)) {
                Register::Value(value) => arguments.push(value),
                Register::Error(found) => problem = problem.or(Some(found)),
                Register::Iterator(..) => return Err(BadRegister),
            }
        }
        let weight = arguments.iter().map(Value::weight).sum();
        let result = match problem.map_or_else(|| self.spend(weight), Err) {
            Ok(()) => apply(function, arguments),
            Err(problem) => Err(problem),
        };
        match result {
            Ok(Value::List(list)) if function == Function::Iterate => {
                *self.at(first)? = Register::Iterator(list, 0);
                Ok(())
            }
            result => self.set(first, result),
        }
    }

    /// Puts the next element of what a register goes over into another; false
    /// if there is none.
    ///
    /// # Errors
    /// If there is no such register.
    pub fn next(&mut self, iterator: u64, variable: u64) -> Checked<bool> {
        let next = match self.at(iterator)? {
            Register::Iterator(list, at) => {
                let next = list.get(*at).cloned();
                *at += 1;
                next
            }
            // What cannot be gone over has been found out before.
            Register::Value(_) | Register::Error(_) => None,
        };
        let Some(next) = next else {
            return Ok(false);
        };
        if let Err(problem) = self.spend(STEP_WORK) {
            // The element is an error, and there is no other behind it.
            *self.at(variable)? = Register::Error(problem);
            *self.at(iterator)? = Register::Error(problem);
            return Ok(true);
        }
        self.set(variable, Ok(next))?;
        Ok(true)
    }

    fn at(&mut self, register: u64) -> Checked<&mut Register> {
        if register >= u64::from(REGISTERS_MAX) {
            return Err(BadRegister);
        }
        let index = register as usize;
        if self.registers.len() <= index {
            self.registers
                .resize(index + 1, Register::Value(Value::Null));
        }
        self.registers.get_mut(index).ok_or(BadRegister)
    }
}
