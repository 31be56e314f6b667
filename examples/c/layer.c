/* A layer's forward and backward pass on an array, and Mish of single numbers. */
#include <mish.h>
#include <stdio.h>

int main(void) {
  float x[] = {-5, -1.1924312F, 0, 0.5F, 3};
  float dy[] = {1, 1, 1, 1, 2}, y[5], dx[5];
  const ptrdiff_t size = (ptrdiff_t)sizeof *x;
  int i;
  mish_status status = mish_array(0, MISH_FLOAT32, x, size, y, size, 5);
  if (!status) status = mish_grad_array(MISH_FLOAT32, dy, size, x, size, dx, size, 5);
  if (status) {
    fprintf(stderr, "mish: %s\n", mish_status_text(status));
    return 1;
  }
  for (i = 0; i < 5; ++i) printf("%.9g %.9g %.9g\n", x[i], y[i], dx[i]);
  printf("%.17g %.17g %.9g\n", mish(1), mish_d1(1), mish_gradf(2, 1));
  return 0;
}
