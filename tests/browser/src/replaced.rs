use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

/// A browser that has something else in the place of one of its features, or nothing, until this is dropped.
#[derive(Debug)]
pub struct Replaced {
    object: JsValue,
    name: &'static str,
    value: JsValue,
}

impl Replaced {
    /// Puts `replacement` in the place of what `object` has by this name.
    ///
    /// # Panics
    /// If it is no object.
    #[must_use]
    pub fn by(replacement: &JsValue, object: JsValue, name: &'static str) -> Self {
        let replaced = Self::new(object, name);
        replaced.set(replacement);
        replaced
    }

    /// Takes away what `object` itself has by this name.
    ///
    /// # Panics
    /// If it is no object, or what it has there cannot be taken away.
    #[must_use]
    pub fn by_nothing(object: JsValue, name: &'static str) -> Self {
        let replaced = Self::new(object, name);
        let is_gone = Reflect::delete_property(object_of(&replaced.object), &name.into());
        assert_eq!(is_gone, Ok(true), "{name} cannot be taken away");
        assert_eq!(Reflect::has(&replaced.object, &name.into()), Ok(false), "{name} is inherited");
        replaced
    }

    fn new(object: JsValue, name: &'static str) -> Self {
        let value = Reflect::get(&object, &name.into()).expect("it is an object");
        Self { object, name, value }
    }

    fn set(&self, value: &JsValue) {
        let property = Object::new();
        for (key, value) in [("value", value), ("configurable", &JsValue::TRUE), ("writable", &JsValue::TRUE)]
        {
            Reflect::set(&property, &key.into(), value).expect("it is a plain object");
        }
        Object::define_property(object_of(&self.object), &self.name.into(), &property);
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        self.set(&self.value);
    }
}

fn object_of(value: &JsValue) -> &Object {
    wasm_bindgen::JsCast::unchecked_ref(value)
}
