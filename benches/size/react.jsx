// The same page in React, as its documentation teaches to write it.
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

function Price() {
  const [price, setPrice] = useState(null);
  useEffect(() => {
    const source = new EventSource("/stock-price");
    source.onmessage = (event) => setPrice(JSON.parse(event.data));
    return () => source.close();
  }, []);
  return <p>{price}</p>;
}

createRoot(document.getElementById("root")).render(<Price />);
