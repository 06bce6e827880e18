use leptos::prelude::*;

use crate::updates::Updates;

/// What is left of each article.
#[component]
pub(crate) fn Stocks() -> impl IntoView {
    let stock = Updates::expect().stock;
    let articles = stock.keys();
    view! {
        <section>
            <h1>"Stock"</h1>
            <table>
                <thead>
                    <tr><th>"Article"</th><th>"Left"</th></tr>
                </thead>
                <tbody>
                    <For each=move || articles.get() key=Clone::clone let:article>
                        {
                            let left = stock.signal(&article);
                            view! {
                                <tr>
                                    <td>{article}</td>
                                    <td>{move || left.get().map(|stock| stock.left)}</td>
                                </tr>
                            }
                        }
                    </For>
                </tbody>
            </table>
        </section>
    }
}
