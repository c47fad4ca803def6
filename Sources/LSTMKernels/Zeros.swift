// Sums before anything was added. InlineArray's own repeating initialiser is generic library code: out of line, it would be compiled for this
// module's processor and yet be shared with the baseline.

@_transparent
var zeros1: Count<1> {
  let z = Vector.zero
  return [z]
}

@_transparent
var zeros2: Count<2> {
  let z = Vector.zero
  return [z, z]
}

@_transparent
var zeros3: Count<3> {
  let z = Vector.zero
  return [z, z, z]
}

@_transparent
var zeros4: Count<4> {
  let z = Vector.zero
  return [z, z, z, z]
}

@_transparent
var zeros6: Count<6> {
  let z = Vector.zero
  return [z, z, z, z, z, z]
}

@_transparent
var zeros8: Count<8> {
  let z = Vector.zero
  return [z, z, z, z, z, z, z, z]
}

@_transparent
var zeros9: Count<9> {
  let z = Vector.zero
  return [z, z, z, z, z, z, z, z, z]
}

@_transparent
var zeros12: Count<12> {
  let z = Vector.zero
  return [z, z, z, z, z, z, z, z, z, z, z, z]
}

@_transparent
var zeros16: Count<16> {
  let z = Vector.zero
  return [z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z]
}

@_transparent
var zeros18: Count<18> {
  let z = Vector.zero
  return [z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z]
}

@_transparent
var zeros24: Count<24> {
  let z = Vector.zero
  return [z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z, z]
}

@_transparent
var zeros5: Count<5> {
  let z = Vector.zero
  return [z, z, z, z, z]
}

@_transparent
var zeros10: Count<10> {
  let z = Vector.zero
  return [z, z, z, z, z, z, z, z, z, z]
}
