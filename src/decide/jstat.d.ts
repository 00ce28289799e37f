// jStat ships no types; this declares the little that is used here
declare module 'jstat' {
  export const jStat: {
    studentt: {
      /** Quantile of Student's t with `degrees` degrees of freedom. */
      inv(probability: number, degrees: number): number;
      pdf(x: number, degrees: number): number;
    };
  };
}
