use leptos::prelude::*;

use crate::updates::Updates;

/// The orders. An update of one renders one row.
#[component]
pub(crate) fn Orders() -> impl IntoView {
    let orders = Updates::expect().orders;
    let keys = orders.keys();
    view! {
        <section>
            <h1>"Orders"</h1>
            <table>
                <thead>
                    <tr><th>"Order"</th><th>"Article"</th><th>"Status"</th></tr>
                </thead>
                <tbody>
                    <For each=move || keys.get() key=|id| *id let:id>
                        {
                            let order = orders.signal(&id);
                            view! {
                                <tr>
                                    <td>{id}</td>
                                    <td>{move || order.get().map(|order| order.article)}</td>
                                    <td>{move || order.get().map(|order| order.status.label())}</td>
                                </tr>
                            }
                        }
                    </For>
                </tbody>
            </table>
        </section>
    }
}
