// The part of a browser's document that the page builds its tables with; it knows no HTML, only elements and texts.

class FakeElement {
  constructor(tag) {
    this.tag = tag;
    this.attributes = {};
    this.children = [];
    this.listeners = {};
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  append(...children) {
    this.children.push(...children);
  }

  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }
}

globalThis.document = { createElement: (tag) => new FakeElement(tag) };

/** Return all elements of a tree. */
export function elements(root) {
  return typeof root === "string" ? [] : [root, ...root.children.flatMap(elements)];
}

/** Return all texts of a tree. */
export function texts(root) {
  return typeof root === "string" ? [root] : root.children.flatMap(texts);
}
