//! Finds a machine for each instance of a fleet that is made at one go.

use serde_json::Value;

use crate::domain::headroom::Taken;
use crate::domain::{Node, NodeHealth, PodShape};
use crate::sim::controllers::kubelet::{address, pod_ip};
use crate::sim::controllers::nodes::read;
use crate::sim::store::Stored;

/// A machine and what was put on it so far.
#[derive(Debug)]
pub(crate) struct Spot {
    pub(crate) node: Node,
    pub(crate) object: Stored,
    pub(crate) address: String,
    taken: Taken,
    next_ip: u32,
    /// Only what asks for its group comes here.
    reserved: bool,
}

/// The machines of a cluster while it is filled.
#[derive(Debug, Default)]
pub(crate) struct Floor {
    pub(crate) spots: Vec<Spot>,
    cursor: usize,
}

impl Spot {
    /// From now on only what asks for its group comes here.
    pub(crate) const fn reserve(&mut self) {
        self.reserved = true;
    }
}

impl Floor {
    pub(crate) fn add(&mut self, object: &Stored, reserved: bool) {
        let mut node = read(object);
        if !node.is_ready() {
            // It was alive when its instances came.
            (node.health, node.taints) = (NodeHealth::Ready, [].into());
        }
        self.spots.push(Spot {
            node,
            address: address(object),
            object: object.clone(),
            taken: Taken::default(),
            next_ip: 2,
            reserved,
        });
    }

    /// A machine that takes one more of a shape; the search goes round, so that instances spread.
    pub(crate) fn find(&mut self, shape: &PodShape) -> Option<usize> {
        let count = self.spots.len();
        let asks_for_group = shape.node_selector.iter().any(|(key, _)| key == "pilothouse.dev/group");
        for step in 0..count {
            let index = (self.cursor + step) % count;
            let spot = self.spots.get(index)?;
            if spot.reserved && !asks_for_group {
                continue;
            }
            if shape.fit(&spot.node, spot.taken, false).count > 0 {
                self.cursor = index + 1;
                return Some(index);
            }
        }
        None
    }

    /// Puts one of a shape on a machine; the address it gets.
    pub(crate) fn take(&mut self, index: usize, shape: &PodShape) -> Option<Seat<'_>> {
        let spot = self.spots.get_mut(index)?;
        spot.taken.requested += shape.requests;
        spot.taken.pods += 1;
        let ip = pod_ip(&spot.object, spot.next_ip);
        spot.next_ip += 1;
        Some(Seat {
            node: &spot.node.name,
            address: &spot.address,
            ip,
        })
    }
}

/// Where an instance sits.
#[derive(Debug)]
pub(crate) struct Seat<'a> {
    pub(crate) node: &'a str,
    pub(crate) address: &'a str,
    pub(crate) ip: String,
}

/// What the scheduler sees in the pods of a template.
pub(crate) fn shape_of(template: &Value) -> PodShape {
    crate::sim::controllers::nodes::shape(template)
}
