// clang-format off
// Tables and polynomials of the elementary functions of float64, made by
// tests/conformance/ops/float64_tables.py.
#pragma once

#include <cstdint>

namespace emberharmony::backend::native {
namespace {

// Powers 2^(j/16): their bits less j << 48; what they are rounded by, over themselves.
alignas(64) constexpr double kPowers[16] = {
    0x1.0000000000000p+0, 0x1.fb5586cf9890fp-1, 0x1.f72b83c7d517bp-1, 0x1.f387a6e756238p-1,
    0x1.f06fe0a31b715p-1, 0x1.edea64c123422p-1, 0x1.ebfdad5362a27p-1, 0x1.eab07dd485429p-1,
    0x1.ea09e667f3bcdp-1, 0x1.ea11473eb0187p-1, 0x1.eace5422aa0dbp-1, 0x1.ec49182a3f090p-1,
    0x1.ee89f995ad3adp-1, 0x1.f199bdd85529cp-1, 0x1.f5818dcfba487p-1, 0x1.fa4afa2a490dap-1};
alignas(64) constexpr double kHalfPowers[16] = {
    0x1.0000000000000p-1, 0x1.fb5586cf9890fp-2, 0x1.f72b83c7d517bp-2, 0x1.f387a6e756238p-2,
    0x1.f06fe0a31b715p-2, 0x1.edea64c123422p-2, 0x1.ebfdad5362a27p-2, 0x1.eab07dd485429p-2,
    0x1.ea09e667f3bcdp-2, 0x1.ea11473eb0187p-2, 0x1.eace5422aa0dbp-2, 0x1.ec49182a3f090p-2,
    0x1.ee89f995ad3adp-2, 0x1.f199bdd85529cp-2, 0x1.f5818dcfba487p-2, 0x1.fa4afa2a490dap-2};
alignas(64) constexpr double kPowersRest[16] = {
    0x0.0p+0, 0x1.79aa65d837b6dp-54, -0x1.01b15eaa59348p-55, 0x1.68efde3a8a894p-54,
    0x1.34d754db0abb6p-55, 0x1.59f48a72a4c6dp-55, 0x1.690cebb7aafb0p-56, 0x1.063e1e21c5409p-54,
    -0x1.3b3efbf5e2228p-54, -0x1.b32dcb94da51dp-56, 0x1.db72fc1f0eab4p-55, 0x1.1affc2b91ce27p-56,
    0x1.c1a7792cb3387p-55, 0x1.36eae30af0cb3p-56, 0x1.4a385a63d07a7p-56, -0x1.ff7128fd391f0p-55};
constexpr double kSixteenthsPerOne = 0x1.71547652b82fep+4;
// The first part has 38 bits, so that products with integers of 15 bits are exact.
constexpr double kLn2SixteenthHigh = 0x1.62e42fefa0000p-5;
constexpr double kLn2SixteenthLow = 0x1.cf79abc9e3b3ap-44;
// (e^r - 1 - r) / r^2, and of r^2: (cosh(r) - 1) / r^2, (sinh(r) / r - 1) / r^2.
alignas(64) constexpr double kExpSeries[6] = {
    0x1.0000000000001p-1, 0x1.5555555555556p-3, 0x1.55555554e8d7bp-5, 0x1.11111110e0d94p-7,
    0x1.6c17ede661f5cp-10, 0x1.a01b0cb76698bp-13};
alignas(64) constexpr double kCoshSeries[3] = {
    0x1.0000000000001p-1, 0x1.55555554e8d7bp-5, 0x1.6c17ede661f5cp-10};
alignas(64) constexpr double kSinhSeries[3] = {
    0x1.5555555555556p-3, 0x1.11111110e0d94p-7, 0x1.a01b0cb76698bp-13};

// The bits of 45/64, where the 16 intervals of z begin; about 1 / z in each.
constexpr uint64_t kLogLowest = 0x3fe6800000000000;
alignas(64) constexpr double kInverses[16] = {
    0x1.642c800000000p+0, 0x1.5555500000000p+0, 0x1.47ae100000000p+0, 0x1.3b13b00000000p+0,
    0x1.3000000000000p+0, 0x1.2800000000000p+0, 0x1.1800000000000p+0, 0x1.1000000000000p+0,
    0x1.0800000000000p+0, 0x1.0000000000000p+0, 0x1.e000000000000p-1, 0x1.c800000000000p-1,
    0x1.b000000000000p-1, 0x1.9999a00000000p-1, 0x1.8618600000000p-1, 0x1.745d200000000p-1};
// (log(1 + r) - r) / r^2.
alignas(64) constexpr double kLogSeries[9] = {
    -0x1.0000000000000p-1, 0x1.5555555555500p-2, -0x1.fffffffffff64p-3, 0x1.9999999b90dc9p-3,
    -0x1.5555555722ab2p-3, 0x1.249230125431ap-3, -0x1.ffffd208f0d27p-4, 0x1.c8093af1c0a57p-4,
    -0x1.9a72a858b3dc8p-4};

struct NaturalBase {
  static constexpr bool kScaled = false;
static constexpr double kFactor = 0x1.0000000000000p+0;
static constexpr double kFactorLow = 0x0.0p+0;
static constexpr double kTwoHigh = 0x1.62e42fefa3800p-1;
static constexpr double kTwoLow = 0x1.ef35793c76730p-45;
alignas(64) static constexpr double kHigh[16] = {
    -0x1.522ad0738a000p-2, -0x1.269611134e000p-2, -0x1.f991aacb3c000p-3, -0x1.a93ecbc8ae000p-3,
    -0x1.5ff3070a7a000p-3, -0x1.29552f8200000p-3, -0x1.6f0d28ae58000p-4, -0x1.f0a30c0118000p-5,
    -0x1.f829b0e780000p-6, -0x0.0p+0, 0x1.08598b59e4000p-4, 0x1.da72763844000p-4,
    0x1.5bf406b544000p-3, 0x1.c8ff5c79aa000p-3, 0x1.1675cebaba000p-2, 0x1.4618a421c6000p-2};
alignas(64) static constexpr double kLow[16] = {
    -0x1.d7ce0ad74385dp-46, 0x1.9b61f25a77bbap-44, 0x1.f2d04dbc77304p-44, 0x1.972435100cc14p-45,
    0x1.8586f183bebf2p-44, 0x1.5b967f4471dfcp-44, 0x1.4b4641b664613p-44, 0x1.d599e83368e91p-45,
    -0x1.980267c7e09e4p-45, 0x0.0p+0, -0x1.7e5dd7009902cp-46, 0x1.a89401fa71733p-46,
    -0x1.27023eb68981cp-46, -0x1.de53e4d28b97bp-47, 0x1.8b80e7374ab1ap-44, 0x1.a13e7cbd9c022p-45};
};

struct BinaryBase {
  static constexpr bool kScaled = true;
static constexpr double kFactor = 0x1.71547652b82fep+0;
static constexpr double kFactorLow = 0x1.777d0ffda0d24p-56;
static constexpr double kTwoHigh = 0x1.0000000000000p+0;
static constexpr double kTwoLow = 0x0.0p+0;
alignas(64) static constexpr double kHigh[16] = {
    -0x1.e7df48cff1000p-2, -0x1.a8ff8002c9000p-2, -0x1.6cb0e253be000p-2, -0x1.32bfe871bd000p-2,
    -0x1.fbc16b9026000p-3, -0x1.acf5e2db4e000p-3, -0x1.08c588cda8000p-3, -0x1.663f6fac90000p-4,
    -0x1.6bad3758f0000p-5, -0x0.0p+0, 0x1.7d60496cfc000p-4, 0x1.563dc29ffa000p-3,
    0x1.f5fd8a9064000p-3, 0x1.49a76da78b000p-2, 0x1.91bbae5743000p-2, 0x1.d6751b6344000p-2};
alignas(64) static constexpr double kLow[16] = {
    -0x1.7dedd718b05e4p-46, -0x1.28b6f3c491128p-46, 0x1.a7ce2d26ecd35p-47, -0x1.4b1a0ecff9de0p-47,
    -0x1.0144751b3314fp-44, -0x1.927dfc23d9780p-44, 0x1.871a7610e40bdp-45, -0x1.3167ccc538261p-44,
    0x1.3c6764fc87b4ap-48, 0x0.0p+0, -0x1.2ce6312ebb81dp-46, 0x1.964190e41bca7p-44,
    -0x1.cb6f70109b0f1p-47, -0x1.f9444070749f8p-44, 0x1.32e35365a056bp-44, -0x1.de341d2f99618p-47};
};

struct DecimalBase {
  static constexpr bool kScaled = true;
static constexpr double kFactor = 0x1.bcb7b1526e50ep-2;
static constexpr double kFactorLow = 0x1.95355baaafad3p-57;
static constexpr double kTwoHigh = 0x1.34413509f7800p-2;
static constexpr double kTwoLow = 0x1.fef311f12b358p-46;
alignas(64) static constexpr double kHigh[16] = {
    -0x1.25ba742ff2000p-3, -0x1.ffbfa6f04c000p-4, -0x1.b721b4c50a000p-4, -0x1.715d05f088000p-4,
    -0x1.31b3055c48000p-4, -0x1.02428c1f08000p-4, -0x1.3ed1199a60000p-5, -0x1.af5f92b010000p-6,
    -0x1.b5e908eb10000p-7, -0x0.0p+0, 0x1.cb38fccd88000p-6, 0x1.9c197abf00000p-5,
    0x1.2e3a740b78000p-4, 0x1.8cf167bcea000p-4, 0x1.e3bc21a3c0000p-4, 0x1.1b3e5d13f9000p-3};
alignas(64) static constexpr double kLow[16] = {
    0x1.34e73a95f2d52p-46, -0x1.9bcbe3583818cp-47, 0x1.7ba0f7884d244p-46, -0x1.cdef628e85b66p-45,
    0x1.dcffc97be8c9cp-45, -0x1.5ea6bc2bc8c2cp-52, 0x1.bdafc8ad828b8p-45, 0x1.9f05921f59258p-46,
    -0x1.bc807cba7f8dap-46, 0x0.0p+0, 0x1.fedb4b594a31bp-45, 0x1.badcf3d6e4566p-46,
    0x1.d288560689912p-53, -0x1.7318f3b409f84p-46, 0x1.a29bf82c9ee91p-46, -0x1.9a79c22037ee9p-47};
};

// The same with 32 intervals from 91/128 for pow, without the terms up to r^2.
constexpr uint64_t kWideLogLowest = 0x3fe6c00000000000;
constexpr double kLn2High = 0x1.62e42fefa3800p-1;
constexpr double kLn2Low = 0x1.ef35793c76730p-45;
alignas(64) constexpr double kWideInverses[32] = {
    0x1.6400000000000p+0, 0x1.5c00000000000p+0, 0x1.5400000000000p+0, 0x1.5000000000000p+0,
    0x1.4800000000000p+0, 0x1.4000000000000p+0, 0x1.3c00000000000p+0, 0x1.3400000000000p+0,
    0x1.3000000000000p+0, 0x1.2800000000000p+0, 0x1.2400000000000p+0, 0x1.2000000000000p+0,
    0x1.1c00000000000p+0, 0x1.1400000000000p+0, 0x1.1000000000000p+0, 0x1.0c00000000000p+0,
    0x1.0800000000000p+0, 0x1.0400000000000p+0, 0x1.0000000000000p+0, 0x1.f000000000000p-1,
    0x1.e000000000000p-1, 0x1.d400000000000p-1, 0x1.c800000000000p-1, 0x1.b800000000000p-1,
    0x1.b000000000000p-1, 0x1.a400000000000p-1, 0x1.9800000000000p-1, 0x1.9000000000000p-1,
    0x1.8800000000000p-1, 0x1.7c00000000000p-1, 0x1.7400000000000p-1, 0x1.6c00000000000p-1};
alignas(64) constexpr double kWideLogsHigh[32] = {
    -0x1.51aad872e0000p-2, -0x1.3a64c55694000p-2, -0x1.22941fbcf8000p-2, -0x1.1675cababa000p-2,
    -0x1.fb9186d5e4000p-3, -0x1.c8ff7c79aa000p-3, -0x1.af3c94e80c000p-3, -0x1.7ab890210e000p-3,
    -0x1.5ff3070a7a000p-3, -0x1.29552f8200000p-3, -0x1.0d77e7cd08000p-3, -0x1.e27076e2b0000p-4,
    -0x1.a926d3a4ac000p-4, -0x1.341d7961bc000p-4, -0x1.f0a30c0118000p-5, -0x1.77458f6330000p-5,
    -0x1.f829b0e780000p-6, -0x1.fc0a8b0fc0000p-7, -0x0.0p+0, 0x1.0415d89e78000p-5,
    0x1.08598b59e4000p-4, 0x1.700d30aeac000p-4, 0x1.da72763844000p-4, 0x1.365fcb015a000p-3,
    0x1.5bf406b544000p-3, 0x1.95a5adcf70000p-3, 0x1.d1037f2656000p-3, 0x1.f991c6cb3c000p-3,
    0x1.1178e8227e000p-2, 0x1.314f1e1d36000p-2, 0x1.4718dc271c000p-2, 0x1.5d5bddf596000p-2};
alignas(64) constexpr double kWideLogsLow[32] = {
    0x1.f4bd8db0a7cc1p-44, -0x1.7a71cbcd735d0p-44, 0x1.a6976f5eb0963p-44, -0x1.8380e731f55c4p-44,
    0x1.d572aab993c87p-47, 0x1.7794f689f8434p-45, 0x1.a4e633fcd9066p-52, 0x1.bdb9072534a58p-45,
    0x1.8586f183bebf2p-44, 0x1.5b967f4471dfcp-44, -0x1.cb2cd2ee2f482p-44, 0x1.a342c2af0003cp-45,
    -0x1.563650bd22a9cp-44, -0x1.1d09299837610p-44, 0x1.d599e83368e91p-45, 0x1.181dce586af09p-44,
    -0x1.980267c7e09e4p-45, -0x1.f1e7cf6d3a69cp-50, 0x0.0p+0, -0x1.dddc7f461c516p-44,
    -0x1.7e5dd7009902cp-46, 0x1.c1e8da99ded32p-49, 0x1.a89401fa71733p-46, -0x1.fd3a0afb9691bp-44,
    -0x1.27023eb68981cp-46, 0x1.7f22858a0ff6fp-47, -0x1.84a7e75b6f6e4p-47, -0x1.90d04cd7cc834p-44,
    0x1.1ef78ce2d07f2p-44, -0x1.8e27ad3213cb8p-45, 0x1.06c18fb4c14c5p-44, -0x1.a0b2a08a465dcp-47};
alignas(64) constexpr double kWideLogSeries[8] = {
    0x1.5555555555555p-2, -0x1.fffffffffffffp-3, 0x1.99999999a5905p-3, -0x1.55555555604cep-3,
    0x1.249246cf166b5p-3, -0x1.fffffbb89abdep-4, 0x1.c7670902cab8fp-4, -0x1.99ddf9aacac3dp-4};

constexpr double kSixteenthsPerPi = 0x1.45f306dc9c883p+2;
constexpr double kPiSixteenthHigh = 0x1.921fb54440000p-3;
constexpr double kPiSixteenthMiddle = 0x1.68c234c4c0000p-42;
constexpr double kPiSixteenthLow = 0x1.98a2e03707345p-80;
// Sines and cosines of j pi / 16. The sine of 0 is -0, to which any zero can be added.
alignas(64) constexpr double kSines[16] = {
    -0x0.0p+0, 0x1.8f8b83c69a60bp-3, 0x1.87de2a6aea963p-2, 0x1.1c73b39ae68c8p-1,
    0x1.6a09e667f3bcdp-1, 0x1.a9b66290ea1a3p-1, 0x1.d906bcf328d46p-1, 0x1.f6297cff75cb0p-1,
    0x1.0000000000000p+0, 0x1.f6297cff75cb0p-1, 0x1.d906bcf328d46p-1, 0x1.a9b66290ea1a3p-1,
    0x1.6a09e667f3bcdp-1, 0x1.1c73b39ae68c8p-1, 0x1.87de2a6aea963p-2, 0x1.8f8b83c69a60bp-3};
alignas(64) constexpr double kSinesLow[16] = {
    0x0.0p+0, -0x1.26d19b9ff8d82p-57, -0x1.72cedd3d5a610p-57, 0x1.b25dd267f6600p-55,
    -0x1.bdd3413b26456p-55, 0x1.9f630e8b6dac8p-60, 0x1.457e610231ac2p-56, 0x1.562172a361fd3p-56,
    0x0.0p+0, 0x1.562172a361fd3p-56, 0x1.457e610231ac2p-56, 0x1.9f630e8b6dac8p-60,
    -0x1.bdd3413b26456p-55, 0x1.b25dd267f6600p-55, -0x1.72cedd3d5a610p-57, -0x1.26d19b9ff8d82p-57};
alignas(64) constexpr double kCosines[16] = {
    0x1.0000000000000p+0, 0x1.f6297cff75cb0p-1, 0x1.d906bcf328d46p-1, 0x1.a9b66290ea1a3p-1,
    0x1.6a09e667f3bcdp-1, 0x1.1c73b39ae68c8p-1, 0x1.87de2a6aea963p-2, 0x1.8f8b83c69a60bp-3,
    0x0.0p+0, -0x1.8f8b83c69a60bp-3, -0x1.87de2a6aea963p-2, -0x1.1c73b39ae68c8p-1,
    -0x1.6a09e667f3bcdp-1, -0x1.a9b66290ea1a3p-1, -0x1.d906bcf328d46p-1, -0x1.f6297cff75cb0p-1};
alignas(64) constexpr double kCosinesLow[16] = {
    0x0.0p+0, 0x1.562172a361fd3p-56, 0x1.457e610231ac2p-56, 0x1.9f630e8b6dac8p-60,
    -0x1.bdd3413b26456p-55, 0x1.b25dd267f6600p-55, -0x1.72cedd3d5a610p-57, -0x1.26d19b9ff8d82p-57,
    0x0.0p+0, 0x1.26d19b9ff8d82p-57, 0x1.72cedd3d5a610p-57, -0x1.b25dd267f6600p-55,
    0x1.bdd3413b26456p-55, -0x1.9f630e8b6dac8p-60, -0x1.457e610231ac2p-56, -0x1.562172a361fd3p-56};
// Of s = r^2: (tan(r) / r - 1) / s.
alignas(64) constexpr double kTanSeries[5] = {
    0x1.5555555555560p-2, 0x1.11111110f5f67p-3, 0x1.ba1ba318c7354p-5, 0x1.664c2ef1460c6p-6,
    0x1.254a6362635edp-7};
constexpr double kHalfPiHigh = 0x1.921fb54442d18p+0;
constexpr double kHalfPiLow = 0x1.1a62633145c07p-54;
// Less the bits of x it is about the bits of 1 / x.
constexpr uint64_t kInverseMagic = 0x7fde623822fc16e6;
// Of z = x^2 up to 1/4: (asin(x) / x - 1) / z.
alignas(64) constexpr double kAsinSeries[13] = {
    0x1.5555555555556p-3, 0x1.3333333332ecap-4, 0x1.6db6db6e31f13p-5, 0x1.f1c71c1db0623p-6,
    0x1.6e8bb1c8209a2p-6, 0x1.1c4d35cf95421p-6, 0x1.c9cf07674736ap-7, 0x1.782651caa6547p-7,
    0x1.52420b04b37bep-7, 0x1.65a9c4dfcf8b2p-8, 0x1.1d189408314eep-6, -0x1.e6aaa8a0a04ccp-7,
    0x1.d72b2bc8155f8p-6};
// c = point / unit of the intervals of atan, and atan(c).
constexpr uint64_t kAtanFirst = 2038;
alignas(64) constexpr double kAtanUnits[16] = {
    0x1.0000000000000p+0, 0x1.0000000000000p+0, 0x1.0000000000000p+0, 0x1.0000000000000p+0,
    0x1.0000000000000p+0, 0x1.0000000000000p+0, 0x1.0000000000000p+0, 0x1.0000000000000p+0,
    0x1.0000000000000p+0, 0x1.0000000000000p+0, 0x1.0000000000000p+0, 0x1.0000000000000p+0,
    0x1.0000000000000p+0, 0x1.0000000000000p+0, 0x1.0000000000000p+0, 0x0.0p+0};
alignas(64) constexpr double kAtanPoints[16] = {
    0x0.0p+0, 0x1.c000000000000p-4, 0x1.4000000000000p-3, 0x1.c000000000000p-3,
    0x1.3e00000000000p-2, 0x1.be00000000000p-2, 0x1.3c00000000000p-1, 0x1.bc00000000000p-1,
    0x1.3800000000000p+0, 0x1.ba00000000000p+0, 0x1.3600000000000p+1, 0x1.b800000000000p+1,
    0x1.3400000000000p+2, 0x1.b800000000000p+2, 0x1.3400000000000p+3, 0x1.0000000000000p+0};
alignas(64) constexpr double kAtansHigh[16] = {
    0x0.0p+0, 0x1.be39ebe6f07c3p-4, 0x1.3d6eee8c6626cp-3, 0x1.b90d7529260a2p-3,
    0x1.3454be5720a00p-2, 0x1.a4a0ded82e8f4p-2, 0x1.1b1dc87904285p-1, 0x1.6dc44551553afp-1,
    0x1.c470abf2d3d01p-1, 0x1.0bbb010f02202p+0, 0x1.2de11cfc645f5p+0, 0x1.49a6be20c3a52p+0,
    0x1.5dace854dff1cp+0, 0x1.6d2595b4f5943p+0, 0x1.779f1d70e8bfdp+0, 0x1.921fb54442d18p+0};
alignas(64) constexpr double kAtansLow[16] = {
    0x0.0p+0, 0x1.f7b8f29a05987p-58, 0x1.61a3b0ce9281bp-57, 0x1.17b10d2e0e5abp-61,
    0x1.defffe50a259fp-57, -0x1.03e8d0e2b59d8p-57, -0x1.21e8c8aef8f29p-57, -0x1.bf8863573828ep-58,
    0x1.6a61dbf199479p-56, -0x1.6cc50024c23aep-57, -0x1.d9498f7e33355p-54, 0x1.61f86cbdae1abp-54,
    0x1.73f5a5a50fadfp-59, 0x1.6d3e45139467ep-54, -0x1.282f0950761e8p-55, 0x1.1a62633145c07p-54};
// Of s = u^2: (atan(u) / u - 1) / s.
alignas(64) constexpr double kAtanSeries[7] = {
    -0x1.5555555555555p-2, 0x1.9999999999982p-3, -0x1.2492492489267p-3, 0x1.c71c719bd09abp-4,
    -0x1.745ce661d2f7bp-4, 0x1.3af750a373cf6p-4, -0x1.08df84a03929cp-4};
// For atan2: tangents by quarters of octaves below 1, and their angles.
alignas(64) constexpr double kSlopes[16] = {
    0x1.c800000000000p-1, 0x1.8c00000000000p-1, 0x1.4e00000000000p-1, 0x1.1800000000000p-1,
    0x1.d800000000000p-2, 0x1.8e00000000000p-2, 0x1.4e00000000000p-2, 0x1.1a00000000000p-2,
    0x1.da00000000000p-3, 0x1.8e00000000000p-3, 0x1.5000000000000p-3, 0x1.1a00000000000p-3,
    0x1.da00000000000p-4, 0x1.8e00000000000p-4, 0x1.5000000000000p-4, 0x0.0p+0};
alignas(64) constexpr double kSlopeAnglesHigh[16] = {
    0x1.748978fba8e0fp-1, 0x1.51110adc5ed81p-1, 0x1.27f261273d1b3p-1, 0x1.0039c73c1a40cp-1,
    0x1.ba473378624a5p-2, 0x1.7b9981c0714f0p-2, 0x1.42dbc35820c56p-2, 0x1.132dc86f219e3p-2,
    0x1.d1cc6764ee6e6p-3, 0x1.8919a744b2a2ep-3, 0x1.4d087a9da4f17p-3, 0x1.183cde1e45601p-3,
    0x1.d7e6a46e089cbp-4, 0x1.8cc124593ca71p-4, 0x1.4f3fd677292fbp-4, 0x0.0p+0};
alignas(64) constexpr double kSlopeAnglesLow[16] = {
    0x1.7b2a6165884a1p-59, 0x1.23dcd6832a63ep-56, 0x1.43bf36151dd9fp-55, -0x1.b32c949c9d593p-55,
    0x1.519a1b46e4affp-56, -0x1.dbc30e6af3d7fp-58, -0x1.7a0f668194e68p-59, 0x1.7d93909e70b24p-58,
    0x1.5d969fba71b5fp-58, 0x1.583a489eb17d6p-57, 0x1.1f323f1adf158p-57, -0x1.7981a19dfa470p-57,
    -0x1.3620254a27366p-58, 0x1.913fb23bbf035p-58, 0x1.008d36264979ep-59, 0x0.0p+0};

// For atanh: c in [1, 2), its bits less j << 48, and log(c) / 2.
alignas(64) constexpr double kRatios[16] = {
    0x1.0000000000000p+0, 0x1.fc00000000000p-1, 0x1.f600000000000p-1, 0x1.f200000000000p-1,
    0x1.ee00000000000p-1, 0x1.ec00000000000p-1, 0x1.ea00000000000p-1, 0x1.ea00000000000p-1,
    0x1.ea00000000000p-1, 0x1.e800000000000p-1, 0x1.e600000000000p-1, 0x1.e800000000000p-1,
    0x1.ea00000000000p-1, 0x1.ec00000000000p-1, 0x1.f000000000000p-1, 0x1.f600000000000p-1};
alignas(64) constexpr double kRatioLogsHigh[16] = {
    0x0.0p+0, 0x1.77458f6330000p-6, 0x1.51b073f060000p-5, 0x1.fec9131dc0000p-5,
    0x1.526e5e3a1c000p-4, 0x1.af3c94e80c000p-4, 0x1.0402594b4d000p-3, 0x1.347dd9a988000p-3,
    0x1.62c82f2b9c000p-3, 0x1.89a3386c14000p-3, 0x1.af12932478000p-3, 0x1.dd46a04c1c000p-3,
    0x1.04bdf9da92800p-2, 0x1.19ee6b467c800p-2, 0x1.307d7334f1000p-2, 0x1.48353d1ea8800p-2};
alignas(64) constexpr double kRatioLogsLow[16] = {
    0x0.0p+0, -0x1.181dce586af09p-45, 0x1.83f69278e686ap-45, -0x1.54555d1ae6607p-45,
    -0x1.790ba37fc5238p-45, -0x1.a4e633fcd9066p-53, 0x1.036b89ef42d7fp-49, -0x1.5594dd4c58092p-46,
    0x1.e54bdbd7c8a98p-45, 0x1.2d5ad38c40882p-46, -0x1.e53bb31eed7a9p-45, 0x1.282fb989a9274p-45,
    -0x1.2d9a033eff74ep-46, 0x1.6ecc5cbdd7782p-46, 0x1.7c3f6b2143eadp-47, 0x1.bee7abd176604p-47};
// Of s = w^2: (atanh(w) / w - 1) / s; of z = t^2 up to 1/16: (asinh(t) / t - 1) / z.
alignas(64) constexpr double kAtanhSeries[6] = {
    0x1.5555555555555p-2, 0x1.999999999999ap-3, 0x1.2492492490cb9p-3, 0x1.c71c71e6a0102p-4,
    0x1.745c80b4e895bp-4, 0x1.3c5f1a392853ap-4};
alignas(64) constexpr double kAsinhSeries[9] = {
    -0x1.5555555555555p-3, 0x1.33333333332a9p-4, -0x1.6db6db6d99f8fp-5, 0x1.f1c71c4ca5c99p-6,
    -0x1.6e8b96ee2a760p-6, 0x1.1c4c97873e93ep-6, -0x1.c921f9241409ep-7, 0x1.72f95b1f84157p-7,
    -0x1.f8c7770104a00p-8};

}  // namespace
}  // namespace emberharmony::backend::native
