/* FP: products of matrices of doubles, and the solution of linear equations by elimination with pivots. */
#include "program.h"

#include <math.h>

enum { N = 64 };

static double a[N][N], b[N][N], c[N][N], m[N][N + 1];

static void multiply(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
}

static double solve(void)
{
    double det = 1;
    for (int col = 0; col < N; col++) {
        int pivot = col;
        for (int i = col + 1; i < N; i++)
            if (fabs(m[i][col]) > fabs(m[pivot][col])) pivot = i;
        for (int j = 0; j <= N; j++) {
            double t = m[col][j];
            m[col][j] = m[pivot][j];
            m[pivot][j] = t;
        }
        det *= m[col][col] * 0.1;
        for (int i = col + 1; i < N; i++) {
            double f = m[i][col] / m[col][col];
            for (int j = col; j <= N; j++) m[i][j] -= f * m[col][j];
        }
    }
    for (int i = N - 1; i >= 0; i--) {
        for (int j = i + 1; j < N; j++) m[i][N] -= m[i][j] * m[j][N];
        m[i][N] /= m[i][i];
    }
    return det;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1, sum = 0, bits;
    for (unsigned round = program_rounds(argc, argv, 120); round; round--) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                a[i][j] = (double)(program_random(&seed) >> 40) / 65536 - 128;
                b[i][j] = (double)(i * j % 17) - 3.5;
                m[i][j] = a[i][j];
            }
        multiply();
        for (int i = 0; i < N; i++) m[i][N] = c[i][(int)(round % N)];
        double det = solve();
        for (int i = 0; i < N; i += 7) {
            memcpy(&bits, &m[i][N], 8);
            sum = program_mix(sum, bits);
        }
        memcpy(&bits, &det, 8);
        sum = program_mix(sum, bits);
    }
    return program_done("matrix", sum);
}
