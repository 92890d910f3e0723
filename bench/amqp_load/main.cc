#include <cstdio>

#include "amqp_load/null_sink.h"
#include "amqp_load/open.h"
#include "amqp_load/options.h"
#include "amqp_load/runner.h"
#include "amqp_load/tasks.h"

int main(int argc, char** argv) {
  namespace bench = millrace::bench;
  bench::Options options;
  const std::string wrong = bench::parse_options({argv + 1, argv + argc}, options);
  if (!wrong.empty()) {
    std::fprintf(stderr, "%s\n", wrong.c_str());
    return 2;
  }
  if (options.null_sink) {
    bench::run_null_sink(options);
    return 0;
  }
  if (options.task != "load") {
    std::puts(bench::run_task(options).c_str());
    return 0;
  }
  if (!options.no_declare) bench::declare_all(options);
  bench::Runner runner(options);
  if (options.wait) {
    std::puts("open");
    std::fflush(stdout);
    for (int c = std::getchar(); c != '\n' && c != EOF;) c = std::getchar();
  }
  const std::string report = runner.run();
  if (options.delete_after) bench::delete_all(options);
  std::puts(report.c_str());
  return 0;
}
