// ReDoc shows a logo of its makers that lies on a CDN. Images of other hosts are left out, so that nobody is asked.
const images = HTMLImageElement.prototype;
const { setAttribute } = images;
const { get, set } = Object.getOwnPropertyDescriptor(images, "src");

function show(image, address, how) {
  if (address.startsWith("data:") || new URL(address, location.href).origin === location.origin) how();
  else image.hidden = true;
}

images.setAttribute = function (name, value) {
  if (name === "src") show(this, value, () => setAttribute.call(this, name, value));
  else setAttribute.call(this, name, value);
};
Object.defineProperty(images, "src", {
  get,
  set(value) {
    show(this, value, () => set.call(this, value));
  },
});

const place = document.getElementById("redoc");
Redoc.init(place.dataset.openapi, {}, place);
