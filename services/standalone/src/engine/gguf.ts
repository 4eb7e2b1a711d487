/**
 * One named array of numbers in a model file; `shape` lists the fastest-running dimension first, as
 * ggml counts.
 */
export type Tensor = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: 'f32' | 'f16';
  readonly data: Uint8Array;
};

/** A value of a model file's header, tagged with the type that readers expect for its key. */
export type MetadataValue =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'uint32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'float32s' | 'int32s'; readonly value: readonly number[] };

/** GGUF's numbers for the types of values and tensors (ggml's gguf.md, version 3). */
const valueType = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const tensorType = { f32: 0, f16: 1 } as const;
const alignmentBytes = 32;

/**
 * Encodes a model file in GGUF version 3, little-endian.
 *
 * The order is: magic, version, counts, metadata, one entry per tensor with its offset, then the
 * tensors' bytes; the data as a whole and each tensor in it start at a multiple of 32 bytes.
 */
export function encodeGguf(
  metadata: Readonly<Record<string, MetadataValue>>,
  tensors: readonly Tensor[],
): Buffer {
  const entries = Object.entries(metadata);
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    uint32(3),
    uint64(tensors.length),
    uint64(entries.length),
    ...entries.map(([key, value]) => Buffer.concat([text(key), encodeValue(value)])),
    ...encodeDirectory(tensors),
  ]);
  return Buffer.concat([aligned(head), ...tensors.map(({ data }) => aligned(data))]);
}

/**
 * Half-precision bits of a number, cut and not rounded; too small becomes 0, too large infinity.
 */
export function toHalf(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  if (exponent <= 0) return sign;
  if (exponent >= 31) return sign | 0x7c00;
  return sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

const scratch = new DataView(new ArrayBuffer(4));

function encodeDirectory(tensors: readonly Tensor[]): Buffer[] {
  let offsetBytes = 0;
  return tensors.map(({ name, shape, type, data }) => {
    const entry = Buffer.concat([
      text(name),
      uint32(shape.length),
      ...shape.map(uint64),
      uint32(tensorType[type]),
      uint64(offsetBytes),
    ]);
    offsetBytes += data.length + padding(data.length);
    return entry;
  });
}

function encodeValue(entry: MetadataValue): Buffer {
  const { type, value } = entry;
  switch (type) {
    case 'string':
      return Buffer.concat([uint32(valueType.string), text(value)]);
    case 'uint32':
      return Buffer.concat([uint32(valueType.uint32), uint32(value)]);
    case 'float32':
      return Buffer.concat([uint32(valueType.float32), float32(value)]);
    case 'bool':
      return Buffer.concat([uint32(valueType.bool), Buffer.from([Number(value)])]);
    case 'strings':
      return array(valueType.string, value.map(text));
    case 'float32s':
      return array(valueType.float32, value.map(float32));
    case 'int32s':
      return array(valueType.int32, value.map(int32));
    default:
      throw new Error(`no encoding for ${String(type satisfies never)}`);
  }
}

const array = (type: number, items: readonly Buffer[]): Buffer =>
  Buffer.concat([uint32(valueType.array), uint32(type), uint64(items.length), ...items]);

const padding = (lengthBytes: number): number =>
  (alignmentBytes - (lengthBytes % alignmentBytes)) % alignmentBytes;

const aligned = (bytes: Uint8Array): Buffer =>
  Buffer.concat([bytes, Buffer.alloc(padding(bytes.length))]);

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
};

function fixed(sizeBytes: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(sizeBytes);
  write(buffer);
  return buffer;
}

const uint32 = (value: number): Buffer => fixed(4, (buffer) => buffer.writeUInt32LE(value));
const int32 = (value: number): Buffer => fixed(4, (buffer) => buffer.writeInt32LE(value));
const float32 = (value: number): Buffer => fixed(4, (buffer) => buffer.writeFloatLE(value));
const uint64 = (value: number): Buffer =>
  fixed(8, (buffer) => buffer.writeBigUInt64LE(BigInt(value)));
