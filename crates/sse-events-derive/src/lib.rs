//! `#[derive(EventSet)]`; see the `sse-events` crate for what it means.

use std::collections::HashSet;

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Path, Result, Variant, parse_macro_input,
};

/// Implements `sse_events::EventSet` for an enum: one event type for each variant.
#[proc_macro_derive(EventSet, attributes(event))]
pub fn derive_event_set(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// The `#[event(…)]` attributes of an enum or a variant.
#[derive(Default)]
struct Options {
    name: Option<LitStr>,
    codec: Option<Path>,
}

impl Options {
    fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("event")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    options.name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("codec") {
                    options.codec = Some(meta.value()?.parse()?);
                } else {
                    return Err(meta.error("expected `name = \"…\"` or `codec = path`"));
                }
                Ok(())
            })?;
        }
        Ok(options)
    }
}

/// The path of `sse-events` where the macro is used: itself, or through a crate that re-exports the macro.
fn sse_events() -> TokenStream {
    let path_of = |name| match crate_name(name).ok()? {
        FoundCrate::Itself => None,
        FoundCrate::Name(name) => Some(Ident::new(&name, Span::call_site())),
    };
    if let Some(direct) = path_of("sse-events") {
        return quote!(::#direct);
    }
    match path_of("leptos-eventsource").or_else(|| path_of("sse-hub")) {
        Some(through) => quote!(::#through::sse_events),
        None => quote!(::sse_events),
    }
}

fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(input, "EventSet is for enums: one event type for each variant"));
    };
    let set = Options::parse(&input.attrs)?;
    if let Some(name) = &set.name {
        return Err(Error::new_spanned(name, "`name` belongs on a variant"));
    }
    let sse_events = sse_events();
    let mut seen = HashSet::new();
    let mut event_types = Vec::new();
    let mut type_arms = Vec::new();
    let mut encode_arms = Vec::new();
    let mut decode_arms = Vec::new();
    for variant in &data.variants {
        let ident = &variant.ident;
        let options = Options::parse(&variant.attrs)?;
        let event_type = event_type(variant, options.name.as_ref())?;
        if !seen.insert(event_type.clone()) {
            return Err(Error::new_spanned(variant, format!("the event type {event_type:?} is used twice")));
        }
        match payload(variant)? {
            None => {
                if let Some(codec) = &options.codec {
                    return Err(Error::new_spanned(codec, "`codec` needs a payload"));
                }
                type_arms.push(quote!(Self::#ident => #event_type));
                encode_arms.push(quote!(Self::#ident => Ok(::std::string::String::new())));
                decode_arms.push(quote!(#event_type => Ok(Self::#ident)));
            }
            Some(payload) => {
                let codec = match options.codec.as_ref().or(set.codec.as_ref()) {
                    Some(codec) => quote!(#codec),
                    None => quote!(#sse_events::__private::JsonSerdeCodec),
                };
                type_arms.push(quote!(Self::#ident(_) => #event_type));
                encode_arms.push(quote! {
                    Self::#ident(payload) => {
                        <#codec as #sse_events::__private::Encoder<#payload>>::encode(payload)
                            .map_err(|error| #sse_events::EncodeError::new(#event_type, error))
                    }
                });
                decode_arms.push(quote! {
                    #event_type => <#codec as #sse_events::__private::Decoder<#payload>>::decode(data)
                        .map(Self::#ident)
                        .map_err(|error| #sse_events::DecodeError::data(event_type, data, error))
                });
            }
        }
        event_types.push(event_type);
    }
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        impl #impl_generics #sse_events::EventSet for #ident #type_generics #where_clause {
            const EVENT_TYPES: &'static [&'static str] = &[#(#event_types),*];

            fn event_type(&self) -> &'static str {
                match self { #(#type_arms),* }
            }

            fn encode(&self) -> ::core::result::Result<::std::string::String, #sse_events::EncodeError> {
                match self { #(#encode_arms),* }
            }

            fn decode(
                event_type: &str,
                data: &str,
            ) -> ::core::result::Result<Self, #sse_events::DecodeError> {
                match event_type {
                    #(#decode_arms,)*
                    _ => Err(#sse_events::DecodeError::unknown_type(event_type, data)),
                }
            }
        }
    })
}

/// The payload of a variant; `None` for a unit variant.
fn payload(variant: &Variant) -> Result<Option<&syn::Type>> {
    match &variant.fields {
        Fields::Unit => Ok(None),
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            Ok(fields.unnamed.first().map(|field| &field.ty))
        }
        fields => Err(Error::new_spanned(fields, "a variant holds one payload, `Tick(Tick)`, or none")),
    }
}

/// The event type of a variant, valid on the wire (WHATWG HTML 9.2.6).
fn event_type(variant: &Variant, name: Option<&LitStr>) -> Result<String> {
    let Some(name) = name else { return Ok(snake_case(&variant.ident.to_string())) };
    let event_type = name.value();
    let refuse = |why| Err(Error::new_spanned(name, why));
    if event_type.is_empty() {
        return refuse("an event type must not be empty; the unnamed type is \"message\"");
    }
    if event_type.contains(['\r', '\n', '\0']) {
        return refuse("an event type must not contain a line break or U+0000");
    }
    if event_type.starts_with("sse.") {
        return refuse("event types that begin with \"sse.\" are reserved for the protocol");
    }
    Ok(event_type)
}

fn snake_case(ident: &str) -> String {
    let mut snake = String::with_capacity(ident.len() + 4);
    for (at, c) in ident.trim_start_matches("r#").chars().enumerate() {
        if c.is_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}
