;; Chained XXH64 (Yann Collet, the published 64-bit algorithm) over blocks that lie one behind the
;; other. Block sizes are multiples of four bytes, so that the last step of one to three bytes of
;; XXH64 is left out.
;;
;; block-hash-code.ts is made from it: scripts/block-hash.mjs. The rounds are written out, because
;; calls in the loop would cost four times as much.
(module
  (memory (export "memory") 1)

  (func $round (param $lane i64) (param $word i64) (result i64)
    (i64.mul
      (i64.rotl
        (i64.add (local.get $lane) (i64.mul (local.get $word) (i64.const 0xc2b2ae3d27d4eb4f)))
        (i64.const 31))
      (i64.const 0x9e3779b185ebca87)))

  (func $merge (param $hash i64) (param $lane i64) (result i64)
    (i64.add
      (i64.mul
        (i64.xor (local.get $hash) (call $round (i64.const 0) (local.get $lane)))
        (i64.const 0x9e3779b185ebca87))
      (i64.const 0x85ebca77c2b2ae63)))

  (func $block (param $at i32) (param $size i32) (param $seed i64) (result i64)
    (local $end i32) (local $hash i64)
    (local $a i64) (local $b i64) (local $c i64) (local $d i64)
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (if (i32.ge_u (local.get $size) (i32.const 32))
      (then
        (local.set $a (i64.add (i64.add (local.get $seed) (i64.const 0x9e3779b185ebca87)) (i64.const 0xc2b2ae3d27d4eb4f)))
        (local.set $b (i64.add (local.get $seed) (i64.const 0xc2b2ae3d27d4eb4f)))
        (local.set $c (local.get $seed))
        (local.set $d (i64.sub (local.get $seed) (i64.const 0x9e3779b185ebca87)))
        (loop $stripes
          (local.set $a
            (i64.mul
              (i64.rotl
                (i64.add
                  (local.get $a)
                  (i64.mul (i64.load (local.get $at)) (i64.const 0xc2b2ae3d27d4eb4f)))
                (i64.const 31))
              (i64.const 0x9e3779b185ebca87)))
          (local.set $b
            (i64.mul
              (i64.rotl
                (i64.add
                  (local.get $b)
                  (i64.mul (i64.load offset=8 (local.get $at)) (i64.const 0xc2b2ae3d27d4eb4f)))
                (i64.const 31))
              (i64.const 0x9e3779b185ebca87)))
          (local.set $c
            (i64.mul
              (i64.rotl
                (i64.add
                  (local.get $c)
                  (i64.mul (i64.load offset=16 (local.get $at)) (i64.const 0xc2b2ae3d27d4eb4f)))
                (i64.const 31))
              (i64.const 0x9e3779b185ebca87)))
          (local.set $d
            (i64.mul
              (i64.rotl
                (i64.add
                  (local.get $d)
                  (i64.mul (i64.load offset=24 (local.get $at)) (i64.const 0xc2b2ae3d27d4eb4f)))
                (i64.const 31))
              (i64.const 0x9e3779b185ebca87)))
          (local.set $at (i32.add (local.get $at) (i32.const 32)))
          (br_if $stripes
            (i32.le_u (local.get $at) (i32.sub (local.get $end) (i32.const 32)))))
        (local.set $hash
          (i64.add
            (i64.add
              (i64.rotl (local.get $a) (i64.const 1))
              (i64.rotl (local.get $b) (i64.const 7)))
            (i64.add
              (i64.rotl (local.get $c) (i64.const 12))
              (i64.rotl (local.get $d) (i64.const 18)))))
        (local.set $hash (call $merge (local.get $hash) (local.get $a)))
        (local.set $hash (call $merge (local.get $hash) (local.get $b)))
        (local.set $hash (call $merge (local.get $hash) (local.get $c)))
        (local.set $hash (call $merge (local.get $hash) (local.get $d))))
      (else
        (local.set $hash (i64.add (local.get $seed) (i64.const 0x27d4eb2f165667c5)))))
    (local.set $hash (i64.add (local.get $hash) (i64.extend_i32_u (local.get $size))))
    (block $noEights
      (loop $eights
        (br_if $noEights
          (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (local.get $end)))
        (local.set $hash
          (i64.add
            (i64.mul
              (i64.rotl
                (i64.xor
                  (local.get $hash)
                  (call $round (i64.const 0) (i64.load (local.get $at))))
                (i64.const 27))
              (i64.const 0x9e3779b185ebca87))
            (i64.const 0x85ebca77c2b2ae63)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $eights)))
    (if (i32.lt_u (local.get $at) (local.get $end))
      (then
        (local.set $hash
          (i64.add
            (i64.mul
              (i64.rotl
                (i64.xor
                  (local.get $hash)
                  (i64.mul (i64.load32_u (local.get $at)) (i64.const 0x9e3779b185ebca87)))
                (i64.const 23))
              (i64.const 0xc2b2ae3d27d4eb4f))
            (i64.const 0x165667b19e3779f9)))))
    (local.set $hash
      (i64.mul
        (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 33)))
        (i64.const 0xc2b2ae3d27d4eb4f)))
    (local.set $hash
      (i64.mul
        (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 29)))
        (i64.const 0x165667b19e3779f9)))
    (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32))))

  ;; The hash before is at address 0 and is the seed of the next block. Of each block the upper 53
  ;; bits go to `out`, as a double.
  (func (export "chain") (param $at i32) (param $size i32) (param $blocks i32) (param $out i32)
    (local $hash i64)
    (local.set $hash (i64.load (i32.const 0)))
    (block $done
      (loop $each
        (br_if $done (i32.eqz (local.get $blocks)))
        (local.set $hash (call $block (local.get $at) (local.get $size) (local.get $hash)))
        (f64.store (local.get $out)
          (f64.convert_i64_u (i64.shr_u (local.get $hash) (i64.const 11))))
        (local.set $at (i32.add (local.get $at) (local.get $size)))
        (local.set $out (i32.add (local.get $out) (i32.const 8)))
        (local.set $blocks (i32.sub (local.get $blocks) (i32.const 1)))
        (br $each)))
    (i64.store (i32.const 0) (local.get $hash))))
