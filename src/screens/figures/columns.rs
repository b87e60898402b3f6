//! The columns of what is used and requested that lists of instances share.

use crate::listing::{Column, ColumnId, Unit};
use crate::metrics::Figure;

pub(in crate::screens) const CPU: Column = Column::figure(Figure::Cpu, 2);
pub(in crate::screens) const MEMORY: Column = Column::figure(Figure::MemoryWorkingSet, 3);
pub(in crate::screens) const NET_IN: Column = Column::figure(Figure::NetworkReceiveBytes, 6);
pub(in crate::screens) const NET_OUT: Column = Column::figure(Figure::NetworkTransmitBytes, 9);
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
