// The part of WebAssembly's JavaScript interface that is used here; the compiler's own types of it come with
// the browser's alone.
interface WebAssemblyApi {
  readonly Module: new (code: Uint8Array) => object;
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, object>>>>,
  ) => { readonly exports: unknown };
}

declare const WebAssembly: WebAssemblyApi;

export const webAssembly = WebAssembly;
