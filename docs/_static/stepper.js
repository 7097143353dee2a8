// The frames of single updates follow the theme that a reader chooses for the site.
addEventListener("DOMContentLoaded", () => {
  const frames = document.querySelectorAll("iframe.stepper");
  const tell = (frame) => frame.contentWindow.postMessage({ theme: document.body.dataset.theme }, "*");
  for (const frame of frames) frame.addEventListener("load", () => tell(frame));
  new MutationObserver(() => frames.forEach(tell)).observe(document.body, { attributeFilter: ["data-theme"] });
});
