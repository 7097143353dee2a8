// Says of each table, figure and block of code that is wider than the screen that it scrolls.
const WIDE = ".table-wrapper, .wide-figure, .highlight pre";
const CODE = 'div[class*="highlight-"]'; // a block of code with its frame and its copy button

function hint(box) {
  const scrolls = box.scrollWidth > box.clientWidth + 1;
  const framed = box.closest(CODE) ?? box;
  const before = framed.previousElementSibling;
  if (scrolls && !before?.classList.contains("scroll-hint")) {
    const words = document.createElement("p");
    words.className = "scroll-hint";
    words.textContent = "scroll sideways →";
    framed.before(words);
    box.tabIndex = 0; // for the arrow keys
  } else if (!scrolls && before?.classList.contains("scroll-hint")) {
    before.remove();
  }
}

function figures() {
  for (const image of document.querySelectorAll("article img")) {
    if (!image.closest(".wide-figure")) {
      const box = document.createElement("div");
      box.className = "wide-figure";
      const link = image.closest("a") ?? image;
      link.replaceWith(box);
      box.append(link);
    }
  }
}

function all() {
  document.querySelectorAll(WIDE).forEach(hint);
}

addEventListener("DOMContentLoaded", figures);
addEventListener("load", all);
addEventListener("resize", all);
addEventListener("toggle", all, true); // a folded part is opened
