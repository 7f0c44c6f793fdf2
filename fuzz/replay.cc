// SPDX-License-Identifier: Apache-2.0
// Feeds each file named to a fuzz target, so that the corpus is a test with any compiler.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** files) {
  for (int i = 1; i < count; ++i) {
    std::ifstream in(files[i], std::ios::binary);
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
    std::fprintf(stderr, "%s\n", files[i]);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  return count > 1 ? 0 : 1;
}
