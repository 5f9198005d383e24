//! How components get at the tank, and re-render when what they show has changed.

use super::tank::Tank;
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
pub fn use_view_of<T: PartialEq + 'static, D: PartialEq + Clone + 'static>(
    tank: Tank,
    with: D,
    compute: impl Fn(&Tank, &D) -> T + 'static,
) -> Rc<T> {
    let update = use_force_update();
    let shown: Rc<std::cell::RefCell<Option<Rc<T>>>> = use_mut_ref(|| None);
    let now = compute(&tank, &with);
    let same = shown.borrow().as_ref().filter(|before| ***before == now).cloned();
    let value = same.unwrap_or_else(|| Rc::new(now));
    *shown.borrow_mut() = Some(Rc::clone(&value));
    use_effect_with((tank, with), move |(tank, with)| {
        let (looked, with) = (tank.clone(), with.clone());
        let subscription = tank.subscribe(move || {
            let now = compute(&looked, &with);
            let differs = shown.borrow().as_ref().is_none_or(|before| **before != now);
            if differs {
                update.force_update();
            }
        });
        move || drop(subscription)
    });
    value
}
