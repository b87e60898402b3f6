//! The columns of what is used and requested that lists of instances share.

use crate::listing::{Column, ColumnId, Unit};

pub(in crate::screens) const CPU: Column = Column::line(ColumnId::CpuUsed, "CPU", &["cpu"], 6, 2, Unit::Cpu);
pub(in crate::screens) const MEMORY: Column =
    Column::line(ColumnId::MemoryUsed, "MEM", &["memory", "mem"], 9, 3, Unit::Memory);
pub(in crate::screens) const NET_IN: Column =
    Column::line(ColumnId::NetIn, "NET in", &["net-in", "net"], 9, 6, Unit::Rate);
pub(in crate::screens) const NET_OUT: Column =
    Column::line(ColumnId::NetOut, "NET out", &["net-out"], 9, 9, Unit::Rate);
pub(in crate::screens) const CPU_REQUESTED: Column =
    Column::number(ColumnId::Cpu, "CPU req", &["cpu-req"], 7, 11, Unit::Cpu);
pub(in crate::screens) const MEMORY_REQUESTED: Column = Column::number(
    ColumnId::Memory,
    "MEM req",
    &["memory-req", "mem-req"],
    8,
    12,
    Unit::Memory,
);
