//! How components get at the tank, and re-render when what they show has changed.

use super::tank::Tank;
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// The page's tank.
///
/// # Panics
/// Outside of the page, where there is no tank.
#[hook]
pub fn use_tank() -> Tank {
    use_context::<Tank>().expect("components live inside the page, which provides its tank")
}

/// Something computed from the tank. The component re-renders when it comes out different, which is
/// looked at once a frame at most.
#[hook]
pub fn use_view<T: PartialEq + 'static>(compute: impl Fn(&Tank) -> T + 'static) -> Rc<T> {
    let tank = use_tank();
    use_view_of(tank, (), move |tank, ()| compute(tank))
}

/// As [`use_view`], for what depends on a component's own values as well.
#[hook]
pub fn use_view_of<T: PartialEq + 'static, D: 'static>(
    tank: Tank,
    with: D,
    compute: impl Fn(&Tank, &D) -> T + 'static,
) -> Rc<T> {
    let shown = use_shown(&tank);
    let now = compute(&tank, &with);
    let before = shown.borrow().value.clone().and_then(|value| value.downcast::<T>().ok());
    let value = before.filter(|before| **before == now).unwrap_or_else(|| Rc::new(now));
    let compared = Rc::clone(&value);
    *shown.borrow_mut() = Shown {
        value: Some(Rc::clone(&value) as Rc<dyn Any>),
        differs: Some(Rc::new(move |tank| compute(tank, &with) != *compared)),
    };
    value
}

type Differs = Rc<dyn Fn(&Tank) -> bool>;

/// What a view shows, whatever its type: one hook for all of them keeps the page small.
#[derive(Default)]
struct Shown {
    value: Option<Rc<dyn Any>>,
    /// Whether it would come out different now.
    differs: Option<Differs>,
}

/// What is shown by one view of a component, which re-renders when that would come out different.
#[hook]
fn use_shown(tank: &Tank) -> Rc<RefCell<Shown>> {
    let update = use_force_update();
    let shown = use_mut_ref(Shown::default);
    let looked = Rc::clone(&shown);
    use_effect_with(tank.clone(), move |tank| {
        let own = tank.clone();
        let subscription = tank.subscribe(move || {
            let differs = looked.borrow().differs.clone();
            if differs.is_some_and(|differs| differs(&own)) {
                update.force_update();
            }
        });
        move || drop(subscription)
    });
    shown
}
